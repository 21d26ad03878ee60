import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { BlobServiceClient, StorageSharedKeyCredential } from "@azure/storage-blob";
import { describeDigests } from "../../../../src/cli/describe-object.ts";
import { deliver } from "../../../../src/delivery/deliver.ts";
import { readProof } from "../../../../src/store/proof.ts";
import { type Content, generatedContent } from "../../../../src/testing/content/index.ts";
import { type FakeAzure, type FakeAzureOptions, startFakeAzure } from "../../../../src/testing/fake-azure/index.ts";
import { loadCrc } from "../../../../src/transfer/digest/crc.ts";
import { parseUri } from "../../../../src/uri/parse-uri.ts";
import { openAzure } from "../../../support/azure/open-azure.ts";
import { scratchDirectory } from "../../../support/scratch-directory.ts";
import { watchSecrets } from "../../../support/secret-watch.ts";

const watch = watchSecrets();
const mebibyte = 1024 * 1024;
/** Less than a range, a range, some ranges in one part, several parts. */
const files: Readonly<Record<string, Content>> = {
  "tiny.txt": generatedContent({ seed: 1, size: 100 }),
  "one.bin": generatedContent({ seed: 2, size: 4 * mebibyte }),
  "some.bin": generatedContent({ seed: 3, size: 10 * mebibyte + 333 }),
  "large.bin": generatedContent({ seed: 4, size: 61 * mebibyte + 7 }),
};
const totalBytes = Object.values(files).reduce((sum, { size }) => sum + size, 0);
const ranges = Object.values(files).reduce((sum, { size }) => sum + Math.ceil(size / (4 * mebibyte)), 0);

/** A container whose blobs came in blocks, by an uploader that said no MD5. */
async function house(t: TestContext, options: FakeAzureOptions = {}) {
  const server = await startFakeAzure({ containers: ["models"], ...options });
  t.after(() => server.close());
  for (const [name, content] of Object.entries(files)) server.putBlob("models", `m/${name}`, content, { md5: "none" });
  const destination = join(await scratchDirectory(t), "model");
  const request = (parameters: Readonly<Record<string, unknown>> = {}) => ({
    source: {
      storageUri: "azure://testaccount/models/m/",
      parameters: { endpoint: server.url, ...parameters },
      secret: { accountKey: server.accountKey },
      env: { HOME: destination },
    },
    destination,
    logger: watch.logger,
  });
  return { server, destination, request };
}

function reads(server: FakeAzure) {
  return server.requests.filter(({ operation }) => operation === "GetBlob");
}

/** How each file was verified, by its name. */
async function verifications(destination: string): Promise<Readonly<Record<string, unknown>>> {
  const proof = await readProof(destination);
  return Object.fromEntries((proof?.files ?? []).map(({ path, verification }) => [path, verification]));
}

async function assertDelivered(destination: string): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const expected = Buffer.alloc(content.size);
    content.read(0, expected);
    assert.ok(expected.equals(await readFile(join(destination, name))), name);
  }
}

for (const [choice, algorithm] of [
  [undefined, "crc64nvme"],
  ["crc64", "crc64nvme"],
  ["md5", "md5"],
] as const) {
  test(`blobs without a stored MD5 are verified range by range (${choice ?? "by default"})`, async (t) => {
    const { server, destination, request } = await house(t);
    const result = await deliver(request(choice === undefined ? {} : { rangeChecksums: choice }));
    assert.deepEqual([result.totals.files, result.totals.verifiedBySource, result.fetchedBytes], [4, 4, totalBytes]);
    await assertDelivered(destination);
    for (const verification of Object.values(await verifications(destination))) {
      assert.deepEqual(verification, { by: "source", algorithm, kind: "ranges", rangeSize: 4 * mebibyte });
    }
    assert.equal(reads(server).length, ranges, "one request for each range");
    assert.ok(reads(server).every(({ rangeDigest }) => rangeDigest));
  });
}

test("a range that was damaged on its way is read again, and nothing else", async (t) => {
  const damage = new Set(["bytes=4194304-8388607", "bytes=0-99", "bytes=62914560-63963142"]);
  for (const rangeChecksums of ["crc64", "md5"]) {
    const left = new Set(damage);
    const { server, destination, request } = await house(t, { damage: ({ range = "" }) => left.delete(range) });
    const result = await deliver(request({ rangeChecksums }));
    assert.equal(result.totals.verifiedBySource, 4);
    await assertDelivered(destination);
    assert.equal(left.size, 0);
    assert.equal(reads(server).length, ranges + damage.size);
  }
});

test("what the service holds and sends wrongly again and again is an error, and is not published", async (t) => {
  const { destination, request } = await house(t, { damage: ({ blob }) => blob === "m/one.bin" });
  const error = await watch.rejection(deliver(request()));
  assert.equal(error.code, "checksum_mismatch");
  await assert.rejects(readFile(join(destination, "one.bin")));
});

test("an interrupted delivery goes on behind the ranges that were proven, a damaged one is not among them", async (t) => {
  let count = 0;
  let stop: AbortController | undefined = new AbortController();
  const { server, destination, request } = await house(t, {
    damage: () => {
      count += 1;
      if (count === 14) stop?.abort();
      return count > 8 && stop !== undefined;
    },
  });
  await assert.rejects(deliver({ ...request(), signal: stop.signal }), { code: "cancelled" });
  stop = undefined;
  const before = reads(server).length;
  const result = await deliver(request());
  assert.equal(result.totals.verifiedBySource, 4);
  await assertDelivered(destination);
  assert.ok(result.resumedBytes + result.reusedBytes > 0, "something was taken over");
  assert.ok(reads(server).length - before < ranges);
});

test("a server that does not tell CRC64s is asked for MD5s, one that tells neither is not believed", async (t) => {
  for (const noRangeCrc64 of ["ignore", "refuse"] as const) {
    const azurite = await house(t, { quirks: { noRangeCrc64 } });
    const first = await deliver(azurite.request());
    assert.equal(first.totals.verifiedBySource, 4);
    await assertDelivered(azurite.destination);
    for (const verification of Object.values(await verifications(azurite.destination))) {
      assert.equal((verification as { algorithm: string }).algorithm, "md5");
    }
  }
  const plain = await house(t, { quirks: { noRangeCrc64: "refuse", noRangeMd5: true } });
  const second = await deliver(plain.request());
  assert.equal(second.totals.verifiedBySource, 0);
  await assertDelivered(plain.destination);
});

test("`off` reads in few large requests, and says that nothing was verified by the source", async (t) => {
  const { server, destination, request } = await house(t);
  const result = await deliver(request({ rangeChecksums: "off" }));
  assert.equal(result.totals.verifiedBySource, 0);
  await assertDelivered(destination);
  assert.ok(reads(server).length < ranges);
  assert.ok(reads(server).every(({ rangeDigest }) => !rangeDigest));
  const error = await watch.rejection(deliver(request({ rangeChecksums: "sha256" })));
  assert.equal(error.code, "config_invalid");
});

test("descriptions say what the service can tell with the bytes", async (t) => {
  const { server } = await house(t);
  const uri = parseUri("azure://testaccount/models/m/one.bin");
  const client = await openAzure(server, uri, { secret: { accountKey: server.accountKey } });
  t.after(() => client.close());
  const object = await client.stat(uri);
  assert.deepEqual(
    [object.digests, object.rangeDigests?.map(({ algorithm }) => algorithm)],
    [[], ["crc64nvme", "md5"]],
  );
  assert.deepEqual(describeDigests(object), ["none; the source tells crc64nvme of ranges of 4 MiB with the bytes"]);
  server.putBlob("models", "m/one.bin", files["one.bin"] ?? "");
  assert.equal((await client.stat(uri)).rangeDigests, undefined);
});

test("blobs with an MD5 are read as before", async (t) => {
  const { server, request } = await house(t);
  for (const [name, content] of Object.entries(files)) server.putBlob("models", `m/${name}`, content);
  const result = await deliver(request());
  assert.equal(result.totals.verifiedBySource, 4);
  assert.ok(reads(server).every(({ rangeDigest }) => !rangeDigest));
});

test("the service's CRC64 is what Microsoft's own library computes, and the fake tells it to Microsoft's own client", async (t) => {
  const { server } = await house(t);
  // Not an API of the storage client, which has it from this package.
  const ofClient = createRequire(import.meta.resolve("@azure/storage-blob"));
  const { StorageCRC64Calculator } = ofClient("@azure/storage-common");
  await StorageCRC64Calculator.init();
  const crc = (await loadCrc("crc64nvme"))();
  const credential = new StorageSharedKeyCredential(server.account, server.accountKey);
  const client = new BlobServiceClient(`${server.url}/${server.account}`, credential, {
    retryOptions: { maxTries: 1 },
  });
  const blob = client.getContainerClient("models").getBlobClient("m/some.bin");
  for (const [offset, count] of [
    [0, 9],
    [4 * mebibyte, 4 * mebibyte],
    [8 * mebibyte, 2 * mebibyte + 333],
  ] as const) {
    const bytes = Buffer.alloc(count);
    files["some.bin"]?.read(offset, bytes);
    const official: Uint8Array = new StorageCRC64Calculator().final(bytes, count);
    crc.update(bytes);
    assert.equal(crc.take(), Buffer.from(official).reverse().toString("hex"));
    const answer = await blob.download(offset, count, { rangeGetContentCrc64: true });
    assert.deepEqual(Buffer.from(answer.contentCrc64 ?? []), Buffer.from(official));
    assert.ok(bytes.equals(await buffer(answer.readableStreamBody as NodeJS.ReadableStream)));
  }
  for (const wanted of [{ rangeGetContentCrc64: true }, { rangeGetContentMD5: true }]) {
    await assert.rejects(blob.download(0, 4 * mebibyte + 1, wanted), { code: "InvalidHeaderValue", statusCode: 400 });
  }
});
