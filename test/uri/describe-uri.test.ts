import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { describeUri } from "../../src/uri/describe-uri.ts";
import { formatUri } from "../../src/uri/format-uri.ts";
import { parseUri } from "../../src/uri/parse-uri.ts";
import { withKey } from "../../src/uri/with-key.ts";
import { arbitraryUri } from "./arbitrary-uri.ts";

test("queries, user info and pre-authenticated tokens do not appear", () => {
  const pluginSchemes = new Set(["plug"]);
  const shown = (text: string) => describeUri(parseUri(text, { pluginSchemes }));
  assert.equal(shown("https://example.org/f?X-Amz-Signature=s3cret"), "https://example.org/f");
  assert.equal(
    shown("https://objectstorage.us-ashburn-1.oraclecloud.com/p/s3cret/n/ns/b/bkt/o/x"),
    "https://objectstorage.us-ashburn-1.oraclecloud.com/p/***/n/ns/b/bkt/o/x",
  );
  assert.equal(shown("plug://s3cret@store/a?key=s3cret"), "plug://store/a");
  assert.equal(shown("s3://bkt@us-east-1/a?b"), "s3://bkt@us-east-1/a?b");
});

test("a key cannot break out of its log line", () => {
  assert.equal(
    describeUri(withKey(parseUri("s3://bkt"), 'a\nlevel=error msg="\u001b[31m\u2028')),
    's3://bkt/a\\u{a}level=error msg="\\u{1b}[31m\\u{2028}',
  );
});

test("any URI is described on one line", () => {
  fc.assert(
    fc.property(arbitraryUri, (uri) => {
      const text = describeUri(uri);
      assert.doesNotMatch(text, /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u);
      if (uri.provider === "s3")
        assert.equal(text, formatUri(uri).replaceAll("\u2028", "\\u{2028}").replaceAll("\u2029", "\\u{2029}"));
    }),
  );
});
