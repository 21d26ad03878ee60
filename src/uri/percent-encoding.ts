import { invalidUri } from "./scheme-family.ts";

/** Decodes percent-encoding exactly once. Throws `config_invalid` for a bad sequence, for bytes that are no UTF-8, and for control characters. */
export function decodeOnce(text: string, encoded: string): string {
  const bad = /%(?![0-9A-Fa-f]{2}).{0,2}/su.exec(encoded)?.[0];
  if (bad !== undefined) {
    throw invalidUri(
      text,
      `"${bad}" is not a percent-encoding`,
      "Write % as %25 where it stands for itself, otherwise % and two hexadecimal digits.",
    );
  }
  let decoded: string;
  try {
    decoded = decodeURIComponent(encoded);
  } catch {
    throw invalidUri(
      text,
      "the percent-encoded bytes are not UTF-8",
      "Encode the name as UTF-8, then percent-encode it.",
    );
  }
  if (/\p{Cc}/u.test(decoded)) {
    throw invalidUri(text, "it encodes a control character", "Names with control characters are not supported.");
  }
  return decoded;
}

/** A key as a URL path: every byte outside the unreserved set encoded, slashes kept. */
export function encodePath(key: string): string {
  return key.split("/").map(encodeURIComponent).join("/");
}
