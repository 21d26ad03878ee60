import assert from "node:assert/strict";
import { type Content, contentDigest, fileContent } from "../../../src/testing/index.ts";

/** Fails unless the file holds exactly the content. */
export function assertFile(path: string, content: Content): void {
  const found = fileContent(path);
  assert.equal(found.size, content.size, `size of ${path}`);
  assert.equal(contentDigest(found, "crc32"), contentDigest(content, "crc32"), `content of ${path}`);
}
