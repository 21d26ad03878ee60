import assert from "node:assert/strict";
import { test } from "node:test";
import { isStorageError } from "../../src/errors.ts";
import { formatUri } from "../../src/uri/format-uri.ts";
import type { HttpUri } from "../../src/uri/object-uri.ts";
import { parseUri } from "../../src/uri/parse-uri.ts";
import { withKey } from "../../src/uri/with-key.ts";

test("a bucket's key is replaced as it is", () => {
  assert.equal(formatUri(withKey(parseUri("s3://bkt@us-east-1/x"), "a b/ü%20")), "s3://bkt@us-east-1/a b/ü%20");
});

test("a web address gets the key percent-encoded and keeps its query", () => {
  const uri = withKey(parseUri("https://example.org/dir/?token=t") as HttpUri, "dir/a b+ü#?%20/c");
  assert.equal(uri.encodedPath, "dir/a%20b%2B%C3%BC%23%3F%2520/c");
  assert.equal(formatUri(uri), "https://example.org/dir/a%20b%2B%C3%BC%23%3F%2520/c?token=t");
  assert.deepEqual(parseUri(formatUri(uri)), uri);
});

test("a local URI's key is its path", () => {
  assert.deepEqual(withKey(parseUri("local:///a"), "/a/b"), { provider: "local", path: "/a/b", key: "/a/b" });
});

test("a name that a web address cannot carry is refused before it is asked for", () => {
  for (const key of ["..", "a/../b", "./a", "a/.", "\ud800"]) {
    assert.throws(
      () => withKey(parseUri("https://example.org/dir/?token=s3cret"), key),
      (error) => isStorageError(error) && error.code === "unsafe_path" && !error.message.includes("s3cret"),
    );
  }
  assert.equal(withKey(parseUri("https://example.org/"), "..a/b..").key, "..a/b..");
});
