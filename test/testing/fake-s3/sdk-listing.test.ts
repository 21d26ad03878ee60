import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  ListObjectsCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  paginateListObjectsV2,
  type S3ServiceException,
} from "@aws-sdk/client-s3";
import fc from "fast-check";
import { startFakeS3 } from "../../../src/testing/fake-s3/index.ts";
import { sdkS3Client, testKeys } from "../../support/sdk-s3-client.ts";

const server = await startFakeS3({ buckets: ["models", "many", "random"], credentials: [testKeys] });
const client = sdkS3Client(server.url);
after(async () => {
  client.destroy();
  await server.close();
});
const plain = { checksum: "none", etag: "opaque" } as const;
for (const key of ["a/1", "a/2", "a/b/3", "b", "c/4", "d e+f", "ü", "\u{10000}", "\ufffd"]) {
  await server.putObject("models", key, key, plain);
}

const list = (input: Partial<ListObjectsV2CommandInput> = {}) =>
  client.send(new ListObjectsV2Command({ Bucket: "models", ...input }));
const keysOf = (contents: readonly { readonly Key?: string | undefined }[] | undefined) =>
  (contents ?? []).map(({ Key }) => Key);

test("keys come in the order of their UTF-8 bytes", async () => {
  const { Contents, KeyCount, IsTruncated } = await list();
  assert.deepEqual(keysOf(Contents), ["a/1", "a/2", "a/b/3", "b", "c/4", "d e+f", "ü", "\ufffd", "\u{10000}"]);
  assert.deepEqual([KeyCount, IsTruncated], [9, false]);
});

test("prefix, start-after, delimiter and fetch-owner", async () => {
  assert.deepEqual(keysOf((await list({ Prefix: "a/" })).Contents), ["a/1", "a/2", "a/b/3"]);
  assert.deepEqual(keysOf((await list({ Prefix: "a/", StartAfter: "a/1" })).Contents), ["a/2", "a/b/3"]);
  const grouped = await list({ Delimiter: "/" });
  assert.deepEqual(keysOf(grouped.Contents), ["b", "d e+f", "ü", "\ufffd", "\u{10000}"]);
  assert.deepEqual(
    grouped.CommonPrefixes?.map(({ Prefix }) => Prefix),
    ["a/", "c/"],
  );
  assert.equal(grouped.KeyCount, 7);
  assert.equal((await list({ FetchOwner: true })).Contents?.[0]?.Owner?.ID, "owner");
  assert.equal((await list()).Contents?.[0]?.Owner, undefined);
});

test("encoding-type=url encodes like a form, slashes apart", async () => {
  const { Contents, EncodingType } = await list({ EncodingType: "url", Prefix: "d" });
  assert.deepEqual([keysOf(Contents), EncodingType], [["d+e%2Bf"], "url"]);
});

test("a garbage token, encoding or page size is refused", async () => {
  for (const input of [{ ContinuationToken: "garbage" }, { EncodingType: "base64" as "url" }, { MaxKeys: -1 }]) {
    await assert.rejects(list(input), (error: S3ServiceException) => error.name === "InvalidArgument");
  }
  assert.deepEqual((await list({ MaxKeys: 0 })).IsTruncated, false);
});

test("version 1: markers, and a next marker with a delimiter only", async () => {
  const v1 = (Marker?: string, Delimiter?: string) =>
    client.send(new ListObjectsCommand({ Bucket: "models", MaxKeys: 2, Marker, Delimiter }));
  const first = await v1();
  assert.deepEqual([keysOf(first.Contents), first.IsTruncated, first.NextMarker], [["a/1", "a/2"], true, undefined]);
  assert.deepEqual(keysOf((await v1("a/2")).Contents), ["a/b/3", "b"]);
  const grouped = await v1(undefined, "/");
  assert.equal(grouped.NextMarker, "b");
  assert.deepEqual(
    (await v1("b", "/")).CommonPrefixes?.map(({ Prefix }) => Prefix),
    ["c/"],
  );
});

test("pages of 2,500 keys give every key once", async () => {
  const expected = Array.from({ length: 2500 }, (_, index) => `key-${String(index).padStart(5, "0")}`);
  for (const key of expected) await server.putObject("many", key, "", plain);
  for (const pageSize of [1000, 77]) {
    const found: (string | undefined)[] = [];
    for await (const page of paginateListObjectsV2({ client, pageSize }, { Bucket: "many" })) {
      found.push(...keysOf(page.Contents));
    }
    assert.deepEqual(found, expected);
  }
});

test("property: paging with a delimiter equals one big page", async () => {
  const key = fc.array(fc.constantFrom("a", "b", "/", "é", "\u{10000}"), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(key, { maxLength: 12 }), fc.integer({ min: 1, max: 4 }), async (keys, pageSize) => {
      for (const old of server.keys("random")) server.deleteObject("random", old);
      for (const parts of keys) await server.putObject("random", parts.join(""), "", plain);
      const whole = await list({ Bucket: "random", Delimiter: "/" });
      const found: (string | undefined)[] = [];
      const groups: (string | undefined)[] = [];
      const input = { Bucket: "random", Delimiter: "/" };
      for await (const page of paginateListObjectsV2({ client, pageSize }, input)) {
        assert.ok((page.KeyCount ?? 0) <= pageSize);
        found.push(...keysOf(page.Contents));
        groups.push(...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix));
      }
      assert.deepEqual(found, keysOf(whole.Contents));
      assert.deepEqual(
        groups,
        (whole.CommonPrefixes ?? []).map(({ Prefix }) => Prefix),
      );
    }),
    { numRuns: 40 },
  );
});
