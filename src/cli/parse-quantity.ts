import { StorageError } from "../errors.ts";

const factors: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  m: 1e6,
  g: 1e9,
  t: 1e12,
  ki: 2 ** 10,
  mi: 2 ** 20,
  gi: 2 ** 30,
  ti: 2 ** 40,
};

/**
 * Bytes from text such as `100M`, `1.5Gi` or `250000`; `K M G T` are powers of 1000 and `Ki Mi Gi Ti` of 1024, as Kubernetes has
 * them. A trailing `B` and `/s` are allowed. Throws `config_invalid`.
 */
export function parseBytes(text: string, option: string): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([kmgt]i?)?b?(?:\/s)?\s*$/i.exec(text);
  const factor = factors[(match?.[2] ?? "").toLowerCase()];
  const bytes = match === null || factor === undefined ? Number.NaN : Math.round(Number(match[1]) * factor);
  if (Number.isSafeInteger(bytes) && bytes > 0) return bytes;
  throw invalid(
    option,
    text,
    "Give a size such as 100M, 1.5Gi or 250000 (K, M, G are powers of 1000; Ki, Mi, Gi of 1024).",
  );
}

const seconds: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86400 };

/** Milliseconds from text such as `30s`, `10m`, `1h30m` or `24h`; a bare number is seconds. Throws `config_invalid`. */
export function parseDuration(text: string, option: string): number {
  const trimmed = text.trim();
  if (/^\d+(\.\d+)?$/.test(trimmed)) return Math.round(Number(trimmed) * 1000);
  const pieces = [...trimmed.matchAll(/(\d+(?:\.\d+)?)(ms|[smhd])/g)];
  if (pieces.length > 0 && pieces.map((piece) => piece[0]).join("") === trimmed) {
    return Math.round(pieces.reduce((sum, piece) => sum + Number(piece[1]) * (seconds[piece[2] ?? ""] ?? 0), 0) * 1000);
  }
  throw invalid(option, text, "Give a duration such as 30s, 10m, 1h30m or 24h.");
}

/** A whole number in `minimum..maximum`. Throws `config_invalid`. */
export function parseWholeNumber(text: string, option: string, minimum: number, maximum: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= minimum && value <= maximum) return value;
  throw invalid(option, text, `Give a whole number from ${minimum} to ${maximum}.`);
}

function invalid(option: string, text: string, hint: string): StorageError {
  return new StorageError({
    code: "config_invalid",
    operation: "read the command line",
    target: option,
    detail: `${JSON.stringify(text)} is not a value it takes`,
    hint,
  });
}
