import assert from "node:assert/strict";
import { posix } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { isStorageError } from "../../src/errors.ts";
import { foldName, safePath } from "../../src/store/safe-path.ts";

function refused(key: string, destination?: string): boolean {
  try {
    safePath(key, destination);
    return false;
  } catch (error) {
    assert.ok(isStorageError(error) && error.code === "unsafe_path", String(error));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these must not reach a terminal
    assert.doesNotMatch(error.message, /[\u0000-\u001f\u007f-\u009f]/);
    return true;
  }
}

test("keys that leave the destination, or that no file system keeps as they are, are refused", () => {
  const bad = [
    "",
    "/etc/passwd",
    "../x",
    "a/../b",
    "a/..",
    "a/./b",
    ".",
    "a//b",
    "a/",
    "a\\b",
    "..\\x",
    "C:\\x",
    "a\0b",
    "a\nb",
    "a\u001b[31m",
    "a\u007f",
    "a\u009bb",
    "half\ud800",
    ".model-agent/proof.json",
    ".Model-Agent/proof.json",
    ".model-agent",
    `a/${"x".repeat(256)}`,
    `a/${"ü".repeat(128)}`,
    Array.from({ length: 2100 }, () => "a").join("/"),
  ];
  for (const key of bad) assert.ok(refused(key), JSON.stringify(key));
});

test("every other key is its own path", () => {
  const good = [
    "config.json",
    "a/b/c",
    "...",
    "a b+c%20",
    "模型/权重.bin",
    ".hidden",
    "a/.model-agent/x",
    "x".repeat(255),
  ];
  for (const key of good) assert.equal(safePath(key, "/models/llama"), key);
});

test("the length of the destination counts", () => {
  const key = Array.from({ length: 20 }, () => "x".repeat(200)).join("/");
  assert.equal(refused(key, "/m"), false);
  assert.equal(refused(key, `/${"m".repeat(100)}`), true);
});

const segment = fc.oneof(
  fc.constantFrom("..", ".", "", "a", "\\", "\0", ".model-agent", "a\\..", "~", "%2e%2e", "a\u0000"),
  fc.string({ unit: "binary", maxLength: 6 }),
);
const key = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.array(segment, { maxLength: 6 }).map((parts) => parts.join("/")),
);

test("property: an accepted key names one file strictly below the destination", () => {
  fc.assert(
    fc.property(key, (text) => {
      if (refused(text, "/d")) return;
      const path = posix.resolve("/d", safePath(text, "/d"));
      assert.equal(path, `/d/${text}`);
      assert.ok(!path.startsWith("/d/.model-agent/") && path !== "/d/.model-agent");
    }),
    { numRuns: 3000 },
  );
});

test("property: folding is idempotent", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), (name) => foldName(foldName(name)) === foldName(name)));
});
