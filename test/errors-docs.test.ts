import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { defaultRetry, type ErrorCode, exitCodes } from "../src/errors.ts";

test("docs/errors.md lists every code with its exit code and retry advice, in order", async () => {
  const page = await readFile(new URL("../docs/errors.md", import.meta.url), "utf8");
  const rows = [...page.matchAll(/^\| `(\w+)` \| (\d+) \| (\w+) \|/gm)].map(([, code, exit, retry]) => [
    code,
    exit,
    retry,
  ]);
  const expected = Object.entries(exitCodes).map(([code, exit]) => [
    code,
    String(exit),
    defaultRetry(code as ErrorCode),
  ]);
  assert.deepEqual(rows, expected);
});
