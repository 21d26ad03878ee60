/** Longest text that an error repeats, in characters. */
const shownLength = 300;

/** What access tokens look like; they are cut even where no rule of a scheme says that they are secret. */
const tokens = /\b(?:hf_[A-Za-z0-9]{30,}|gh[opsur]_[A-Za-z0-9]{30,}|github_pat_\w{30,})/g;

/** `user:password@` and `token@` before the host of a web address, up to the last @: a password may contain some. */
const webUserInfo = /^(https?:?\/*)[^/?#@]*@(?:.*@)?/is;
/** The same with an unescaped slash or question mark in the password, which then ends what looks like the authority. */
const webBrokenUserInfo = /^(https?:?\/*)(?!\[)[^/?#:]*:(?!\d*(?:[/?#]|$)).*@/is;
/** `key:secret@` in schemes whose first segment never holds a colon; AWS secrets may contain slashes. */
const bucketUserInfo = /^((?:s3|aws|gs|az|azure|oci|hf|github):?\/+)[^/@:]*:.*@/is;
/** The same in any other scheme, plug-ins' included, but for those whose first segment may hold a colon. */
const userInfo = /^(?!https?:|pvc:|local:|file:|vendor:)([A-Za-z0-9+.-]*:?\/+)[^/@:]*:[^/@]*@(?:.*@)?/is;

const signatureParameter =
  /[?&](?:sig|signature|x-amz-signature|x-amz-credential|x-goog-signature|token|access_token)=/i;

/** The token in an OCI pre-authenticated request's path. */
const preAuthenticated = /\/p\/[^/]+\/n\//g;

/** Credentials in any place where a URI could hold them: before a host, as a signature in a query, or a bare token. */
export function hasCredentials(text: string): boolean {
  const web = /^https?:/i.test(text);
  if ([webUserInfo, webBrokenUserInfo, bucketUserInfo, userInfo].some((pattern) => pattern.test(text))) return true;
  // A signed web address is meant to be read; in other schemes a query is part of a key, and would be logged as one.
  return !web && (signatureParameter.test(text) || text.search(tokens) >= 0);
}

/**
 * A URI as its author typed it, made safe for errors and logs: no credentials before a host, nothing from `?` on, no
 * token of an OCI pre-authenticated request, no control characters, at most 300 characters.
 */
export function redactUriText(text: string): string {
  const cut = text
    .replace(webUserInfo, "$1***@")
    .replace(webBrokenUserInfo, "$1***@")
    .replace(bucketUserInfo, "$1***@")
    .replace(userInfo, "$1***@")
    .replace(/\?.*$/s, "?***")
    .replace(preAuthenticated, "/p/***/n/")
    .replace(tokens, "***");
  const safe = escapeUnprintable(cut);
  return safe.length > shownLength ? `${safe.slice(0, shownLength)}…` : safe;
}

/** Control characters, lone surrogates and line separators as `\u{…}`, so that a key cannot forge a log line. */
export function escapeUnprintable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
