import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { deliver } from "../../src/delivery/deliver.ts";
import { createStorageClient } from "../../src/storage/create-storage-client.ts";
import { type FakeS3, startFakeS3 } from "../../src/testing/fake-s3/index.ts";
import { generatedModel } from "../../src/testing/index.ts";
import { assertFile } from "./support/assert-file.ts";
import { rejectsWith } from "./support/rejects-with.ts";
import { temporaryDirectory } from "./support/temporary-directory.ts";
import { mebibyte } from "./support/units.ts";

const credential = { accessKeyId: "AKIATEST", secretAccessKey: "secret" };

function source(server: FakeS3, storageUri: string) {
  return {
    storageUri,
    env: { AWS_ACCESS_KEY_ID: credential.accessKeyId, AWS_SECRET_ACCESS_KEY: credential.secretAccessKey },
    parameters: { endpoint: server.url, region: server.region, auth: "access_key" },
  };
}

describe("models in a bucket", { timeout: 120_000 }, () => {
  test("[F17] 2,500 objects are all listed, whatever the page holds, and all delivered", async () => {
    const server = await startFakeS3({ buckets: ["models"], credentials: [credential] });
    await using root = await temporaryDirectory();
    try {
      const names = Array.from({ length: 2500 }, (_, index) => `part-${String(index).padStart(4, "0")}.txt`);
      for (const name of names) await server.putObject("models", `many/${name}`, `content of ${name}`);
      const { client, objectUri } = await createStorageClient(source(server, "s3://models/many/"));
      for (const pageSize of [7, 1000]) {
        let count = 0;
        for await (const _ of client.list(objectUri, { pageSize })) count++;
        assert.equal(count, names.length, `pages of ${pageSize}`);
      }
      await client.close();
      const result = await deliver({ source: source(server, "s3://models/many/"), destination: root.path });
      assert.equal(result.totals.files, names.length);
      const found = (await readdir(root.path)).filter((name) => name.startsWith("part-")).sort();
      assert.deepEqual(found, names);
    } finally {
      await server.close();
    }
  });

  test("[F18] a prefix without objects and a bucket that is not there are errors, not empty successes", async () => {
    const server = await startFakeS3({ buckets: ["models"], credentials: [credential] });
    await using root = await temporaryDirectory();
    try {
      for (const uri of ["s3://models/nothing/", "s3://missing/model/"]) {
        const destination = join(root.path, "model");
        await rejectsWith(deliver({ source: source(server, uri), destination }), "not_found");
        assert.deepEqual(await readdir(root.path), []);
      }
    } finally {
      await server.close();
    }
  });

  test("[F27] objects with multipart etags are verified by them when there is nothing better", async () => {
    const server = await startFakeS3({ buckets: ["models"], credentials: [credential] });
    await using root = await temporaryDirectory();
    try {
      const model = generatedModel({ seed: 3, shards: 1, shardSize: 20 * mebibyte + 10 });
      for (const [path, content] of Object.entries(model)) {
        const partSize = content.size > mebibyte ? 8 * mebibyte : undefined;
        await server.putObject("models", `m/${path}`, content, { partSize, checksum: "none" });
      }
      const result = await deliver({ source: source(server, "s3://models/m/"), destination: root.path });
      for (const [path, content] of Object.entries(model)) assertFile(join(root.path, path), content);
      assert.equal(result.totals.verifiedBySource, Object.keys(model).length);
    } finally {
      await server.close();
    }
  });
});
