/** Limit of the format's own library for a header, in bytes. */
const headerLimit = 100_000_000n;

/** Bits of one element; what a newer version of the format adds is not checked against its shape. */
const elementBits: Readonly<Record<string, number>> = {
  BOOL: 8,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  I64: 64,
  U64: 64,
  F64: 64,
  C64: 64,
};

/** What a header turned out to be: its size in bytes, or what is wrong with the file. */
export type HeaderLength = { readonly length: number } | { readonly defect: string };

/**
 * Length of a safetensors header, from the first 8 bytes (little-endian) of a file of `fileSize` bytes.
 * Format: https://huggingface.co/docs/safetensors/index#format
 */
export function safetensorsHeaderLength(first8: Uint8Array, fileSize: number): HeaderLength {
  if (first8.length < 8 || fileSize < 10) return { defect: `has ${fileSize} bytes, too few for a safetensors header` };
  const length = Buffer.from(first8).readBigUInt64LE(0);
  if (length > headerLimit) {
    return { defect: `is no safetensors file: its first 8 bytes would mean a header of ${length} bytes` };
  }
  if (8n + length > BigInt(fileSize)) {
    return { defect: `ends within its safetensors header: that takes ${8n + length} bytes, the file has ${fileSize}` };
  }
  return { length: Number(length) };
}

interface Span {
  readonly name: string;
  readonly begin: number;
  readonly end: number;
}

/**
 * Checks a safetensors header against the bytes behind it: every tensor has a type, a shape and a span that fits them, and
 * the spans cover exactly `dataSize` bytes without holes or overlaps. Returns what is wrong, or undefined. Never throws.
 */
export function safetensorsDefect(header: Uint8Array, dataSize: number): string | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(header).toString("utf8"));
  } catch {
    return "has a safetensors header that is not JSON";
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    return "has a safetensors header that names no tensors";
  }
  const spans: Span[] = [];
  for (const [name, tensor] of Object.entries(parsed)) {
    if (name === "__metadata__") continue;
    const span = spanOf(name, tensor);
    if (typeof span === "string") return span;
    spans.push(span);
  }
  return gapIn(spans, dataSize);
}

function spanOf(name: string, tensor: unknown): Span | string {
  const { dtype, shape, data_offsets: offsets } = (tensor ?? {}) as Readonly<Record<string, unknown>>;
  const shown = JSON.stringify(name.slice(0, 100));
  if (typeof dtype !== "string" || !isCounts(shape) || !isCounts(offsets) || offsets.length !== 2) {
    return `has a safetensors header in which tensor ${shown} is not described`;
  }
  const [begin = 0, end = 0] = offsets;
  if (begin > end) return `has a safetensors header in which tensor ${shown} ends before it begins`;
  const bits = elementBits[dtype];
  const expected = bits === undefined ? undefined : (shape.reduce((product, size) => product * size, 1) * bits) / 8;
  if (expected !== undefined && expected !== end - begin) {
    return `has a safetensors header in which tensor ${shown} takes ${end - begin} bytes where type and shape need ${expected}`;
  }
  return { name: shown, begin, end };
}

function gapIn(spans: Span[], dataSize: number): string | undefined {
  spans.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let covered = 0;
  for (const { name, begin, end } of spans) {
    if (begin !== covered) {
      const what = begin > covered ? "leaves a hole before" : "overlaps at";
      return `has a safetensors header that ${what} tensor ${name}`;
    }
    covered = end;
  }
  if (covered === dataSize) return undefined;
  const difference = Math.abs(covered - dataSize);
  const bytes = difference === 1 ? "1 byte" : `${difference} bytes`;
  return `is ${bytes} ${covered > dataSize ? "shorter" : "longer"} than its safetensors header says`;
}

function isCounts(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}
