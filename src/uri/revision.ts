import { decodeOnce } from "./percent-encoding.ts";
import { invalidUri, type UriText } from "./scheme-family.ts";

/** References with slashes that need no encoding, as on the Hugging Face Hub and in git: `refs/pr/1`. */
const reference = /^refs\/(?:pr|convert|heads|tags)\/[^/]+$/;

/**
 * Splits what follows `@` into revision and path: a revision ends at the first slash, unless it is one of the well-known
 * references. Any other slash inside a revision is written `%2F`.
 */
export function splitRevision(segments: readonly string[]): readonly [revision: string, path: string] {
  const count = reference.test(segments.slice(0, 3).join("/")) ? 3 : 1;
  return [segments.slice(0, count).join("/"), segments.slice(count).join("/")];
}

/** Rules of git-check-ref-format. */
export function decodeRevision(input: UriText, encoded: string): string {
  const revision = decodeOnce(input.text, encoded);
  const bad = /[\s~^:?*[\\]|\.\.|@\{|\/\/|^[-/]|[/.]$|\.lock$/.exec(revision)?.[0];
  if (bad !== undefined || revision === "@") {
    throw invalidUri(
      input.text,
      `"${revision}" cannot be the name of a revision`,
      "Write a branch, a tag or a commit; a slash in its name as %2F.",
    );
  }
  return revision;
}

export function encodeRevision(revision: string): string {
  return reference.test(revision) && !revision.includes("%")
    ? revision
    : revision.replaceAll("%", "%25").replaceAll("/", "%2F");
}
