/** A parsed `Content-Range` of bytes; half-open, like every range of this project. */
export interface ContentRange {
  /** Undefined in the unsatisfied form `bytes *` + `/total`. */
  readonly range: { readonly start: number; readonly end: number } | undefined;
  /** Size of the whole object; undefined when the server writes `*`. */
  readonly total: number | undefined;
}

/** Reads a `Content-Range` (RFC 9110 section 14.4); undefined when it is absent, malformed or contradicts itself. */
export function parseContentRange(value: string | undefined): ContentRange | undefined {
  const match = /^bytes (?:(\d{1,15})-(\d{1,15})|\*)\/(?:(\d{1,15})|\*)$/i.exec(value?.trim() ?? "");
  if (match === null) return undefined;
  const total = match[3] === undefined ? undefined : Number(match[3]);
  if (match[1] === undefined || match[2] === undefined) return { range: undefined, total };
  const start = Number(match[1]);
  const end = Number(match[2]) + 1;
  return end <= start || (total !== undefined && end > total) ? undefined : { range: { start, end }, total };
}
