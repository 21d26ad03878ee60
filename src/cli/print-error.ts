import { exitCodes, type StorageError } from "../errors.ts";
import { printable } from "./printable.ts";

export interface ErrorStyle {
  readonly format: "human" | "json";
  readonly color: boolean;
  /** Also the stack, for debugging. */
  readonly stack: boolean;
}

/** An error as the command line shows it: what, where, hint; or one JSON object. */
export function describeError(error: StorageError, style: ErrorStyle): string {
  return style.format === "json" ? asJson(error, style) : asText(error, style);
}

function asJson(error: StorageError, style: ErrorStyle): string {
  const { cause, ...fields } = error.fields();
  const extra = style.stack ? { cause, stack: error.stack } : {};
  return `${JSON.stringify({ error: { ...fields, exitCode: exitCodes[error.code], ...extra } })}\n`;
}

function asText(error: StorageError, style: ErrorStyle): string {
  const paint = (code: number, text: string): string => (style.color ? `\u001b[${code}m${text}\u001b[0m` : text);
  const facts = [
    error.provider,
    error.httpStatus === undefined ? undefined : `HTTP ${error.httpStatus}`,
    error.serviceCode,
    error.requestId === undefined ? undefined : `request ${error.requestId}`,
    error.attempts !== undefined && error.attempts > 1 ? `${error.attempts} attempts` : undefined,
  ].filter((fact) => fact !== undefined);
  const where = [error.operation, error.target].filter((part) => part !== undefined).join(" ");
  const lines = [
    `${paint(31, "error:")} ${printable(error.detail)}`,
    `  where: ${printable(where)}${facts.length === 0 ? "" : ` (${printable(facts.join(", "))})`}`,
    `  hint:  ${printable(error.hint)}`,
    ...(style.stack ? [error.stack ?? ""] : []),
  ];
  return `${lines.join("\n")}\n`;
}
