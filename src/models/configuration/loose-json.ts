import { StorageError } from "../../errors.ts";

export type JsonObject = { readonly [name: string]: unknown };

/**
 * Parses a model's JSON as Python writes it: bare `Infinity`, `-Infinity` and `NaN` after `:`, `,` or `[` become 1e308, -1e308
 * and null. Throws `incomplete_model` when the text is no JSON object.
 */
export function parseLooseJson(text: string, path: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    try {
      value = JSON.parse(replaceBareNumbers(text));
    } catch (cause) {
      throw notJson(path, cause);
    }
  }
  if (!isObject(value)) throw notJson(path, undefined);
  return value;
}

/** Replacements happen outside of strings only: a prompt template may well contain `: NaN`. */
function replaceBareNumbers(text: string): string {
  return text.replace(
    /"(?:[^"\\]|\\.)*"|([:,[]\s*)(-?Infinity|NaN)\b/gs,
    (whole, before: string | undefined, word: string | undefined) => {
      if (before === undefined) return whole;
      if (word === "NaN") return `${before}null`;
      return `${before}${word === "-Infinity" ? "-1e308" : "1e308"}`;
    },
  );
}

function notJson(path: string, cause: unknown): StorageError {
  return new StorageError({
    code: "incomplete_model",
    operation: "read model configuration",
    target: path,
    detail: "the file is not a JSON object",
    hint: "Fetch the file again, or correct it at its source.",
    cause,
  });
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The object under a name, or an empty one. */
export function objectAt(config: JsonObject, name: string): JsonObject {
  const value = config[name];
  return isObject(value) ? value : {};
}

/** The whole number under a name; 0 for anything that is none. */
export function integerAt(config: JsonObject, name: string): number {
  const value = config[name];
  if (typeof value !== "number" || !Number.isFinite(value) || Math.abs(value) > Number.MAX_SAFE_INTEGER) return 0;
  return Math.trunc(value);
}

/** The text under a name; empty for anything that is none. */
export function textAt(config: JsonObject, name: string): string {
  const value = config[name];
  return typeof value === "string" ? value : "";
}
