/** What the answers of a source told so far about the object's version. */
export interface KnownVersion {
  /** Of the first answer that had one: its strong etag, else its modification time. */
  readonly validator: string | undefined;
  /** An answer was taken that had none. */
  readonly anonymous: boolean;
}

/**
 * What an answer's validator says beside those of the answers before it: `same` version, `other` version, or `unknown`, because
 * only one of the two has a validator, or each has another kind. Where no answer has any, all are taken for the same.
 */
export function judgeValidator(known: KnownVersion, validator: string | undefined): "same" | "other" | "unknown" {
  if (known.validator === undefined) return known.anonymous && validator !== undefined ? "unknown" : "same";
  if (validator === undefined || isTime(validator) !== isTime(known.validator)) return "unknown";
  return validator === known.validator ? "same" : "other";
}

function isTime(validator: string): boolean {
  return validator.startsWith("last-modified ");
}
