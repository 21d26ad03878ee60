/** A parsed `Content-Range` of bytes. Half-open, like every range of this project. */
export interface ContentRange {
  /** First byte, and the one after the last; undefined in the unsatisfied form, "*" in place of the range. */
  readonly range: { readonly start: number; readonly end: number } | undefined;
  /** Size of the whole object; undefined when the server says that it does not know. */
  readonly total: number | undefined;
}

const pattern = /^bytes (?:(\d{1,16})-(\d{1,16})|\*)\/(?:(\d{1,16})|\*)$/i;

/**
 * Parses `bytes 0-9/10`, `bytes 0-9/*` and `bytes *`+`/10` (RFC 9110 section 14.4); undefined when it is absent, and for anything else
 * or nonsense.
 */
export function parseContentRange(value: string | undefined): ContentRange | undefined {
  const match = pattern.exec(value?.trim() ?? "");
  if (match === null) return undefined;
  const total = match[3] === undefined ? undefined : Number(match[3]);
  if (match[1] === undefined || match[2] === undefined)
    return total === undefined ? undefined : { range: undefined, total };
  const start = Number(match[1]);
  const end = Number(match[2]) + 1;
  if (end <= start || !Number.isSafeInteger(end) || (total !== undefined && end > total)) return undefined;
  return { range: { start, end }, total };
}
