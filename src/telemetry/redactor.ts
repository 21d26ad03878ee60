/** Replaces secrets in text that is about to leave the process. */
export interface Redactor {
  /** Masks this value from now on wherever it appears. Values under 6 characters are ignored: masking them would garble lines. */
  addSecret(value: string): void;
  /** The text with every known secret, URL signature and authorization value replaced by `***`. */
  redact(text: string): string;
}

const mask = "***";

/** Query parameters that carry a signature or a token in one of the clouds; matched without regard to case. */
const secretParameters = [
  "x-amz-signature",
  "x-amz-credential",
  "x-amz-security-token",
  "x-goog-signature",
  "x-goog-credential",
  "awsaccesskeyid",
  "signature",
  "sig",
  "token",
  "access_token",
  "id_token",
  "refresh_token",
  "client_secret",
  "client_assertion",
  "password",
  "key-pair-id",
  "policy",
];

/** A value ends where a query, a JSON string (escaped or not), a shell word or a sentence would end. */
const valueEnd = `[^&\\s"'\\\\<>]+`;

const patterns: readonly (readonly [RegExp, string])[] = [
  [new RegExp(`([?&;](?:${secretParameters.join("|")})=)${valueEnd}`, "gi"), `$1${mask}`],
  [/\b(bearer|basic)(\s+)[A-Za-z0-9._~+/=-]{6,}/gi, `$1$2${mask}`],
  [/(\/\/)[^\s/?#"'@\\]+@(?=[^\s/?#"']*\.|localhost|\[)/g, `$1${mask}@`],
  [/\bhf_[A-Za-z0-9]{16,}/g, mask],
  [/(\/p\/)[A-Za-z0-9_-]{20,}(?=\/n\/)/g, `$1${mask}`],
];

const shortestSecret = 6;

/**
 * A redactor that knows the given secrets. Besides exact values it masks what looks like a secret whoever made it: signature
 * parameters of signed URLs, `Authorization` values, user information in URLs, Hugging Face tokens and OCI pre-authenticated
 * requests.
 */
export function createRedactor(secrets: Iterable<string> = []): Redactor {
  const known = new Set<string>();
  let ordered: readonly string[] = [];
  const redactor: Redactor = {
    addSecret: (value) => {
      if (value.length < shortestSecret || known.has(value)) return;
      for (const form of writtenForms(value)) known.add(form);
      ordered = [...known].sort((left, right) => right.length - left.length);
    },
    redact: (text) => {
      let redacted = text;
      for (const secret of ordered) redacted = redacted.replaceAll(secret, mask);
      for (const [pattern, replacement] of patterns) redacted = redacted.replace(pattern, replacement);
      return redacted;
    },
  };
  for (const secret of secrets) redactor.addSecret(secret);
  return redactor;
}

/** A secret can appear as it is, inside a JSON string, or percent-encoded in a URL. */
function writtenForms(value: string): readonly string[] {
  const forms = [value, JSON.stringify(value).slice(1, -1)];
  try {
    forms.push(encodeURIComponent(value));
  } catch {
    // A lone surrogate cannot be percent-encoded, so it cannot appear in that form either.
  }
  return forms;
}
