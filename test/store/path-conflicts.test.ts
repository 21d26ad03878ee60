import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { findPathConflicts, pathConflictError } from "../../src/store/path-conflicts.ts";

test("paths that differ in more than case and Unicode form do not conflict", () => {
  assert.deepEqual(findPathConflicts(["a", "b/a", "b/c/a", "ab", "a.b"]), []);
});

test("the same path twice, and a file where a directory is needed, conflict everywhere", () => {
  assert.deepEqual(findPathConflicts(["a", "a"]), [{ kind: "duplicate", first: "a", second: "a" }]);
  const conflict = { kind: "file-and-directory", first: "a", second: "a/b/c" } as const;
  assert.deepEqual(findPathConflicts(["a", "a/b/c"]), [conflict]);
  assert.deepEqual(findPathConflicts(["a/b/c", "a"]), [conflict]);
});

test("a true conflict is found behind a folded one", () => {
  assert.ok(findPathConflicts(["A/x", "a/y", "a"]).some(({ kind }) => kind === "file-and-directory"));
});

test("paths that differ by case or Unicode form only are folded conflicts", () => {
  assert.deepEqual(findPathConflicts(["README.md", "Readme.md"]), [
    { kind: "folded", first: "README.md", second: "Readme.md" },
  ]);
  assert.equal(findPathConflicts(["caf\u00e9", "cafe\u0301"])[0]?.kind, "folded");
  assert.equal(findPathConflicts(["A", "a/b"])[0]?.kind, "folded");
  assert.deepEqual(findPathConflicts(["A/x", "a/y"]), []);
});

test("the error names both paths", () => {
  const error = pathConflictError({ kind: "duplicate", first: "a", second: "a" }, "s3://b/m");
  assert.equal(error.code, "unsafe_path");
  assert.match(error.message, /"a" and "a"/);
});

test("property: distinct lower-case names on one level never conflict", () => {
  const names = fc.uniqueArray(fc.stringMatching(/^[a-z0-9]{1,8}$/), { maxLength: 50 });
  fc.assert(fc.property(names, (paths) => findPathConflicts(paths).length === 0));
});
