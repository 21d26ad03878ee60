import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { bulkDownload } from "../../src/delivery/bulk-download.ts";
import { deliver } from "../../src/delivery/deliver.ts";
import type { DeliveryRequest } from "../../src/delivery/delivery-types.ts";
import { readProof } from "../../src/store/proof.ts";
import { type Content, contentDigest, generatedContent, generatedModel, startFakeS3 } from "../../src/testing/index.ts";
import { openS3 } from "../support/open-s3.ts";
import { scratchDirectory } from "../support/scratch-directory.ts";
import { testKeys } from "../support/sdk-s3-client.ts";

const mebibyte = 1024 * 1024;
const model = generatedModel({ seed: 7, shards: 2, shardSize: 18 * mebibyte });
const shards = Object.keys(model).filter((path) => path.endsWith(".safetensors"));

async function startS3() {
  return startFakeS3({ buckets: ["bucket"], credentials: [testKeys] });
}

async function assertDelivered(destination: string, files: Readonly<Record<string, Content>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    const bytes = await readFile(join(destination, path));
    const found = contentDigest({ size: bytes.length, read: (at, target) => void bytes.copy(target, 0, at) }, "sha256");
    assert.equal(found, contentDigest(content, "sha256"), path);
  }
}

test("a model from S3 is proven by whatever its uploads left: full checksums, parts, and etags", async (t) => {
  const server = await startS3();
  t.after(() => server.close());
  const kinds = [
    {},
    { checksum: "none", partSize: 5 * mebibyte },
    { checksum: "SHA256", partSize: 6 * mebibyte },
  ] as const;
  for (const [index, seed] of kinds.entries()) {
    for (const [path, content] of Object.entries(model))
      await server.putObject("bucket", `kind${index}/${path}`, content, seed);
    const destination = join(await scratchDirectory(t), "m");
    const { accessKeyId, secretAccessKey } = testKeys;
    const request: DeliveryRequest = {
      source: {
        storageUri: `s3://bucket/kind${index}`,
        parameters: { endpoint: server.url, accessKeyId, secretAccessKey },
        env: {},
      },
      destination,
    };
    server.counters.reset();
    const result = await deliver(request);
    const detail = JSON.stringify(
      (await readProof(destination))?.files.map(({ path, verification }) => [path, verification]),
    );
    assert.equal(result.totals.verifiedBySource, Object.keys(model).length, detail);
    await assertDelivered(destination, model);
    assert.equal(server.counters.of("HeadObject").failures, 1, "only the prefix itself is not an object");
    const asked = server.counters.of("HeadObject").requests - 1;
    if (index === 0) assert.ok(asked <= shards.length, "small files trust a listing that has their digest");
    server.counters.reset();
    const again = await deliver(request);
    assert.deepEqual([again.unchanged, again.fetchedBytes], [true, 0]);
  }
});

test("a replaced object is fetched alone, at its new version", async (t) => {
  const server = await startS3();
  t.after(() => server.close());
  for (const [path, content] of Object.entries(model)) await server.putObject("bucket", `m/${path}`, content);
  await server.putObject("bucket", "m/extra.bin", generatedContent({ seed: 1, size: 3 * mebibyte }));
  const client = await openS3(server, "s3://bucket/m");
  t.after(() => client.close());
  const destination = await scratchDirectory(t);
  const request = { source: { client, uri: { provider: "s3", bucket: "bucket", key: "m" } }, destination } as const;
  await deliver(request);
  const replaced = generatedContent({ seed: 2, size: 3 * mebibyte });
  await server.putObject("bucket", "m/extra.bin", replaced);
  assert.equal((await deliver(request)).fetchedBytes, 3 * mebibyte);
  await assertDelivered(destination, { ...model, "extra.bin": replaced });
});

test("two and a half thousand small objects arrive whole, over many pages", async (t) => {
  const server = await startS3();
  t.after(() => server.close());
  const count = 2500;
  for (let index = 0; index < count; index++)
    await server.putObject("bucket", `m/${index % 7}/${index}`, `object ${index}`);
  const client = await openS3(server, "s3://bucket/m");
  t.after(() => client.close());
  const destination = await scratchDirectory(t);
  server.counters.reset();
  const result = await deliver({
    source: { client, uri: { provider: "s3", bucket: "bucket", key: "m/" } },
    destination,
  });
  assert.deepEqual(result.totals, {
    files: count,
    bytes: result.fetchedBytes,
    verifiedBySource: count,
    verifiedBySize: 0,
  });
  for (const index of [0, 999, 1000, 2499]) {
    assert.equal(await readFile(join(destination, `${index % 7}/${index}`), "utf8"), `object ${index}`);
  }
  assert.equal(server.counters.of("HeadObject").requests, 0);
  const reads = server.counters.of("GetObject").requests;
  assert.ok(reads >= count && reads < count * 1.05, `${reads} reads of ${count} objects`);
});

test("single objects come by bulk download with their own digests", async (t) => {
  const server = await startS3();
  t.after(() => server.close());
  const [shard = ""] = shards;
  const content = model[shard];
  assert.ok(content);
  await server.putObject("bucket", `m/${shard}`, content, { partSize: 5 * mebibyte, checksum: "CRC32" });
  const client = await openS3(server, "s3://bucket/m");
  t.after(() => client.close());
  const directory = await scratchDirectory(t);
  const items = [{ uri: { provider: "s3", bucket: "bucket", key: `m/${shard}` }, path: "shard" }] as const;
  const { files } = await bulkDownload(client, items, directory);
  assert.equal(files[0]?.verification.by, "source");
  await assertDelivered(directory, { shard: content });
});
