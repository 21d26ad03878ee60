import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isStorageError, type StorageError } from "../../src/errors.ts";
import { formatUri } from "../../src/uri/format-uri.ts";
import { type ParseUriOptions, parseUri } from "../../src/uri/parse-uri.ts";
import { arbitraryUri, pluginSchemes } from "./arbitrary-uri.ts";
import { badUris, goodUris } from "./uri-table.ts";

const options: ParseUriOptions = { pluginSchemes };

function refusal(text: string, given: ParseUriOptions = options): StorageError {
  try {
    parseUri(text, given);
  } catch (error) {
    if (isStorageError(error)) return error;
    throw error;
  }
  throw new assert.AssertionError({ message: `${JSON.stringify(text)} was accepted` });
}

for (const [text, uri, formatted] of goodUris) {
  test(`${JSON.stringify(text)} is read and written back`, () => {
    assert.deepEqual(parseUri(text, options), uri);
    assert.equal(formatUri(uri), formatted ?? text);
    assert.deepEqual(parseUri(formatUri(uri), options), uri);
  });
}

for (const [text, message, code] of badUris) {
  test(`${JSON.stringify(text)} is refused`, () => {
    const error = refusal(text);
    assert.equal(error.message, message);
    assert.equal(error.code, code ?? "config_invalid");
    assert.equal(error.retry, "permanent");
  });
}

test("what no store can hold is refused with its length, and the text is repeated only in part", () => {
  const long = refusal(`s3://bkt/${"é".repeat(600)}`);
  assert.equal(long.detail, "the object key is 1200 bytes long and object stores allow 1024");
  assert.ok((long.target?.length ?? 0) <= 301);
  assert.equal(parseUri(`s3://bkt/${"k".repeat(1024)}`).key.length, 1024);
  assert.equal(refusal("x".repeat(16_385)).detail, "it is 16385 characters long, 16384 are allowed");
  const bucket = refusal(`s3://${"b".repeat(5000)}`);
  assert.equal(bucket.detail, `"${"b".repeat(80)}…" is not a bucket name`);
});

test("without plainPaths a path is refused, with it a text without a scheme is one", () => {
  const plain: ParseUriOptions = { plainPaths: true };
  for (const path of ["/mnt/models", "./x", "../x", "x", "a/b", "a b?c#d", "C:x", "./s3:bkt", "s3", "~user"]) {
    assert.deepEqual(parseUri(path, plain), { provider: "local", path, key: path });
  }
  assert.equal(parseUri("s3://bkt/x", plain).provider, "s3");
  assert.equal(refusal("s3:/bkt", plain).hint, "Write s3://bkt.");
  assert.equal(refusal("s3//bkt", plain).hint, "Write s3://bkt.");
  assert.equal(refusal("ss3://bkt", plain).hint, "Did you mean s3://bkt?");
  assert.equal(refusal("", plain).detail, "the URI is empty");
  assert.match(refusal("a\0b", plain).detail, /control character/);
});

test("a plug-in's scheme is known only where it is registered and never replaces one of ours", () => {
  assert.equal(refusal("plug://store/x", {}).code, "config_invalid");
  assert.equal(parseUri("plug://store/x", options).provider, "plugin");
  assert.equal(parseUri("s3://bkt/x", { pluginSchemes: new Set(["s3"]) }).provider, "s3");
});

test("any URI survives being written and read", () => {
  fc.assert(
    fc.property(arbitraryUri, (uri) => {
      assert.deepEqual(parseUri(formatUri(uri), options), uri);
    }),
    { numRuns: 2000 },
  );
});

const schemes = [
  "s3",
  "aws",
  "gs",
  "gcp",
  "az",
  "azure",
  "oci",
  "oci://n/a/b",
  "hf",
  "github",
  "http",
  "https",
  "local",
];
const fragments = fc.constantFrom(
  ...[
    "/",
    "@",
    ":",
    "%",
    "%41",
    "%zz",
    "?",
    "#",
    "n",
    "b",
    "o",
    "..",
    ".",
    " ",
    "\\",
    "\0",
    "é",
    "\ud800",
    "a",
    "refs",
  ],
  ...["blob.core.windows.net", "models", "file", "pvc", "vendor", "memory", "plug", "[::1]", "~"],
);

test("no text makes the parser throw anything but a StorageError of its two codes", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 60 }),
    fc
      .tuple(fc.constantFrom(...schemes, "file", "pvc", "vendor", "memory", "plug", "x+y", "S3"), fc.array(fragments))
      .map(([scheme, parts]) => `${scheme}://${parts.join("")}`),
    fc.array(fragments).map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(text, fc.boolean(), (value, plainPaths) => {
      try {
        const uri = parseUri(value, { pluginSchemes, plainPaths });
        assert.deepEqual(parseUri(formatUri(uri), options), uri);
      } catch (error) {
        assert.ok(isStorageError(error), String(error));
        assert.ok(error.code === "config_invalid" || error.code === "unsupported");
        assert.doesNotMatch(error.message, /\p{Cc}|\p{Cs}/u);
      }
    }),
    { numRuns: 5000 },
  );
});

test("a secret in a URI never reaches the message", () => {
  const secret = fc.string({ unit: fc.constantFrom(..."abcXYZ019/+=?:%@".split("")), minLength: 6, maxLength: 40 });
  const place = fc.constantFrom(
    (value: string) => `https://user:q${value}Q@example.org/%zz`,
    (value: string) => `https:/user:q${value}Q@example.org/x`,
    (value: string) => `https://example.org/%zz?sig=q${value}Q`,
    (value: string) => `HTTPS://user:q${value}Q@example.org/x`,
    (value: string) => `s3://AKIA:q${value}Q@bkt/x`,
    (value: string) => `S3://AKIA:q${value}Q@bkt/x`,
    (value: string) => `az://acct.blob.core.windows.net/c/p?sig=q${value}Q`,
    (value: string) => `https://example.org/p/q${value.replaceAll("/", "_").replaceAll("?", "_")}Q/n/ns/b/bkt/o/%zz`,
  );
  fc.assert(
    fc.property(secret, place, (value, write) => {
      const error = refusal(write(value));
      assert.ok(!error.message.includes(value.slice(1, -1)) || value.length < 8, error.message);
    }),
    { numRuns: 1000 },
  );
});
