import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { embedExamples } from "../../scripts/embed-examples.ts";

for (const name of ["docs/storage.md", "docs/plugins.md"]) {
  test(`${name} shows the examples as they are (npm run docs:examples writes them)`, () => {
    const markdown = readFileSync(new URL(`../../${name}`, import.meta.url), "utf8");
    assert.equal(markdown, embedExamples(markdown));
    assert.match(markdown, /```ts\n/);
  });
}
