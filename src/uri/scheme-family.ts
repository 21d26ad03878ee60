import { StorageError } from "../errors.ts";
import { redactUriText } from "./redact-uri-text.ts";

/** A URI taken apart at `://`. */
export interface UriText {
  /** The whole text, as given. May hold secrets. */
  readonly text: string;
  readonly scheme: string;
  /** Everything behind `://`. */
  readonly rest: string;
}

/** The schemes of one provider: how their text is read and written. */
export interface SchemeFamily<Uri> {
  readonly schemes: readonly string[];
  /** Throws `config_invalid`. */
  parse(input: UriText): Uri;
  /** The preferred spelling; parsing it gives the same data. */
  format(uri: Uri): string;
}

/** A refusal that names the part that is wrong and shows the right form; the text is redacted here. */
export function invalidUri(text: string, detail: string, hint: string): StorageError {
  return new StorageError({
    code: "config_invalid",
    operation: "parse storage URI",
    target: redactUriText(text),
    detail: detail.replace(/"([^"]{80})[^"]+"/g, '"$1…"'),
    hint,
  });
}

/** Splits at the first slash: `bucket/a/b` gives `["bucket", "a/b"]`; the slash belongs to neither. */
export function splitFirstSegment(rest: string): readonly [first: string, tail: string] {
  const slash = rest.indexOf("/");
  return slash < 0 ? [rest, ""] : [rest.slice(0, slash), rest.slice(slash + 1)];
}

/** Longest object key of S3, GCS and OCI, in UTF-8 bytes; Azure counts characters and is never stricter. */
const keyLimit = 1024;

/** Object keys are taken literally; one that no store can hold is refused. */
export function checkKeyLength(input: UriText, key: string): string {
  const length = Buffer.byteLength(key);
  if (length > keyLimit) {
    throw invalidUri(
      input.text,
      `the object key is ${length} bytes long and object stores allow ${keyLimit}`,
      "Use a shorter prefix.",
    );
  }
  return key;
}
