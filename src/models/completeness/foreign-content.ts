import type { DefectKind } from "./completeness-report.ts";

/** Bytes of a file's beginning that {@link foreignContent} wants to see. */
export const sniffedBytes = 256;

/** https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md; the second is what its first versions wrote. */
const pointer = /^version https:\/\/(?:git-lfs\.github\.com\/spec|hawser\.github\.com\/spec)\/v\d/;

const page = /^\s*(?:<!doctype html|<html|<head|<body|<\?xml|<error>)/i;

/** Recognises what servers and mirrors deliver in a file's place: the pointer of Git LFS, or a page that explains an error. */
export function foreignContent(
  head: Uint8Array,
): { readonly kind: Extract<DefectKind, "lfs_pointer" | "error_page">; readonly detail: string } | undefined {
  const text = Buffer.from(head)
    .toString("utf8")
    .replace(/^\uFEFF/, "");
  if (pointer.test(text)) {
    const size = /^size (\d+)$/m.exec(text)?.[1];
    const of = size === undefined ? "a file that is not there" : `a file of ${size} bytes that is not there`;
    return { kind: "lfs_pointer", detail: `is a Git LFS pointer to ${of}` };
  }
  if (page.test(text))
    return { kind: "error_page", detail: "is an HTML or XML page, such as servers send for an error" };
  return undefined;
}
