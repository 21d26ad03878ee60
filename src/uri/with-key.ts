import { StorageError } from "../errors.ts";
import { describeUri } from "./describe-uri.ts";
import type { ObjectUri } from "./object-uri.ts";
import { encodePath } from "./percent-encoding.ts";

/**
 * The same place with another key: an object of a listing, or a prefix with more behind it. For `http` the key is
 * percent-encoded into the path and the query stays; for `local` the key is the path.
 *
 * Throws `unsafe_path` for an `http` key with a `.` or `..` segment, which a URL cannot carry, or with half a character.
 */
export function withKey<U extends ObjectUri>(uri: U, key: string): U {
  switch (uri.provider) {
    case "http":
      if (/(?:^|\/)\.{1,2}(?:\/|$)/.test(key) || !key.isWellFormed()) {
        throw new StorageError({
          code: "unsafe_path",
          operation: "address object",
          target: describeUri({ ...uri, encodedPath: "", key: "" }),
          detail: `the name ${JSON.stringify(key)} cannot be part of a web address`,
          hint: "Rename the file at its source, or exclude it.",
        });
      }
      return { ...uri, key, encodedPath: encodePath(key) };
    case "local":
      return { ...uri, key, path: key };
    default:
      return { ...uri, key };
  }
}
