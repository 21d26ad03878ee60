import { escapeUnprintable } from "../uri/redact-uri-text.ts";

/**
 * Text that is safe on a terminal and stays on one line: control characters and marks that turn the direction of writing,
 * which an object's key may contain, are shown as escapes instead of being obeyed.
 */
export function printable(text: string): string {
  return escapeUnprintable(text).replace(
    /[\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u{${character.charCodeAt(0).toString(16)}}`,
  );
}
