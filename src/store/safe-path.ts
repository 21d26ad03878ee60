import { StorageError } from "../errors.ts";
import { metadataDirectoryName } from "./layout.ts";

/** Bytes that every common file system takes in one name. */
const maxNameBytes = 255;
/** Linux's PATH_MAX, the terminating NUL included. */
const maxPathBytes = 4096;

/**
 * Turns an object key below the delivered prefix into a path below the destination: the same text, or `unsafe_path`.
 * Nothing is mapped, trimmed or escaped, because a model's own files refer to each other by these names.
 * @param key - Key relative to the delivered prefix, `/` between segments.
 * @param destination - Absolute destination, for the length of the whole path.
 */
export function safePath(key: string, destination = ""): string {
  const problem = problemOf(key, destination);
  if (problem === undefined) return key;
  throw new StorageError({
    code: "unsafe_path",
    operation: "place",
    target: printableKey(key),
    detail: `the key cannot become a file below the destination: ${problem}`,
    hint: "Rename the object, or leave it out with an exclude pattern.",
  });
}

function problemOf(key: string, destination: string): string | undefined {
  if (key === "") return "it is empty";
  if (!key.isWellFormed()) return "it is not valid Unicode";
  if (key.startsWith("/")) return "it starts with a slash";
  if (key.includes("\\")) return "it has a backslash";
  if (hasControlCharacter(key)) return "it has a control character";
  const segments = key.split("/");
  for (const segment of segments) {
    if (segment === "") return "it has an empty segment (a double or trailing slash)";
    if (segment === "." || segment === "..") return `it has a "${segment}" segment`;
    if (Buffer.byteLength(segment) > maxNameBytes) return `a segment is longer than ${maxNameBytes} bytes`;
  }
  if (foldName(segments[0] ?? "") === metadataDirectoryName)
    return `"${metadataDirectoryName}" is kept for model-agent`;
  if (Buffer.byteLength(destination) + 1 + Buffer.byteLength(key) >= maxPathBytes) {
    return `the whole path is longer than ${maxPathBytes - 1} bytes`;
  }
  return undefined;
}

function hasControlCharacter(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return true;
  }
  return false;
}

/** The key with everything that a terminal would act on escaped. */
function printableKey(key: string): string {
  return JSON.stringify(key.toWellFormed()).replace(/[\u007f-\u009f]/g, (character) => {
    return `\\u00${character.charCodeAt(0).toString(16)}`;
  });
}

/** Names that fold to the same text are one name on file systems that ignore case or normalise Unicode. */
export function foldName(name: string): string {
  return name.normalize("NFC").toLowerCase().toUpperCase().toLowerCase().normalize("NFC");
}
