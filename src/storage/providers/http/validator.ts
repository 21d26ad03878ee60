import type { HttpReadSource } from "../../read-source.ts";

/** Marks a validator that is the answer's `Last-Modified`, for servers without etags. */
const modifiedPrefix = "last-modified ";

/** What tells versions apart, from an answer's head: its etag, else its modification time. */
export function validatorOf(headers: Readonly<Record<string, string>>): string | undefined {
  const etag = headers["etag"]?.trim();
  if (etag !== undefined && etag !== "") return etag;
  const modified = headers["last-modified"];
  return modified === undefined ? undefined : modifiedPrefix + modified;
}

/**
 * How a read is held to a validator: a strong etag goes into `If-Match`; a weak one, which `If-Match` never matches, and
 * a modification time must come back unchanged with every answer.
 */
export function pinnedTo(validator: string | undefined): Pick<HttpReadSource, "ifMatch" | "expectHeaders"> {
  if (validator === undefined) return {};
  if (validator.startsWith(modifiedPrefix)) {
    return { expectHeaders: { "last-modified": validator.slice(modifiedPrefix.length) } };
  }
  return validator.startsWith('"') ? { ifMatch: validator } : { expectHeaders: { etag: validator } };
}
