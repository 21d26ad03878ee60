import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createRedactor } from "../../src/telemetry/redactor.ts";

test("a known secret is masked as it is, inside JSON and percent-encoded", () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 6, unit: "grapheme-ascii" }),
      fc.string(),
      fc.string(),
      (secret, before, after) => {
        fc.pre(!secret.includes("*"));
        const redactor = createRedactor([secret]);
        for (const written of [secret, JSON.stringify(secret), encodeURIComponent(secret)]) {
          assert.ok(!redactor.redact(`${before}${written}${after}`).includes(secret));
        }
      },
    ),
  );
});

test("signatures and tokens are masked without being known", () => {
  const { redact } = createRedactor();
  const cases: readonly (readonly [string, string])[] = [
    [
      "GET https://b.s3.amazonaws.com/k?X-Amz-Credential=AK%2F1&X-Amz-Signature=deadbeef&x-id=GetObject",
      "GET https://b.s3.amazonaws.com/k?X-Amz-Credential=***&X-Amz-Signature=***&x-id=GetObject",
    ],
    [
      "https://a.blob.core.windows.net/c/k?sv=1&sig=abc%3D&se=2",
      "https://a.blob.core.windows.net/c/k?sv=1&sig=***&se=2",
    ],
    ["https://x/y?Policy=a&Signature=b&Key-Pair-Id=c", "https://x/y?Policy=***&Signature=***&Key-Pair-Id=***"],
    ['{"authorization":"Bearer abcdef.ghi-jkl"}', '{"authorization":"Bearer ***"}'],
    ["proxy http://user:pa55@proxy.corp:3128 refused", "proxy http://***@proxy.corp:3128 refused"],
    ["token hf_abcdefghijklmnopqrstuv", "token ***"],
    [
      "https://objectstorage.x.oraclecloud.com/p/abcdefghijklmnopqrstuvwxyz/n/ns/b/b/o/k",
      "https://objectstorage.x.oraclecloud.com/p/***/n/ns/b/b/o/k",
    ],
  ];
  for (const [text, expected] of cases) assert.equal(redact(text), expected);
});

test("what is no secret stays readable", () => {
  const { redact } = createRedactor(["abc"]);
  for (const text of [
    "s3://bucket@eu-west-1/llama/model-00001-of-00004.safetensors",
    "hf://meta/llama@main abc",
    "https://example.org/a?b=c&design=1",
    "basic facts about bearers",
  ])
    assert.equal(redact(text), text);
});
