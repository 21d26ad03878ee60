import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { closeSync, openSync, renameSync, writeSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { isStorageError } from "../../src/errors.ts";
import { createStorageClient } from "../../src/storage/create-storage-client.ts";
import { transfer } from "../../src/transfer/transfer.ts";
import { parseUri } from "../../src/uri/parse-uri.ts";
import { stagingTarget } from "../faults/support/staging-target.ts";
import { scratchDirectory } from "../support/scratch-directory.ts";

const mebibyte = 1024 * 1024;

for (const how of ["replaced", "overwritten"] as const) {
  test(`a file of this machine that is ${how} while it is read is never published as a mixture`, async (t) => {
    const directory = await scratchDirectory(t);
    const path = join(directory, "model.bin");
    const size = 48 * mebibyte;
    const bytes = randomBytes(size);
    await writeFile(path, bytes);
    await writeFile(`${path}.new`, Buffer.alloc(size, 1));
    const { client } = await createStorageClient({ storageUri: `local://${path}`, env: {} });
    const uri = parseUri(`local://${path}`);
    const { etag } = await client.stat(uri);
    const pin = { size, etag };
    await using target = await stagingTarget();
    let changed = false;
    const change = (): void => {
      if (changed) return;
      changed = true;
      if (how === "replaced") {
        renameSync(`${path}.new`, path);
        return;
      }
      const fd = openSync(path, "r+");
      writeSync(fd, Buffer.alloc(mebibyte, 1), 0, mebibyte, size - mebibyte);
      closeSync(fd);
    };
    const source = {
      id: "local",
      provider: "local",
      scope: "local",
      target: `local://${path}`,
      pin,
      locate: () => client.locate(uri, { pin }),
    };
    const file = { path: "model", size, digests: [], priority: 0, sources: [source] } as const;
    const moving = transfer([file], {
      target,
      maxBandwidth: 64 * mebibyte,
      maxConnections: 1,
      onProgress: ({ fetchedBytes }) => {
        if (fetchedBytes > 4 * mebibyte) change();
      },
    });
    await moving.then(
      // What was replaced goes on to exist for whom had it open already.
      async () =>
        assert.ok(bytes.equals(await readFile(target.pathOf("model"))), "it is the version that was asked for"),
      (error: unknown) => {
        assert.ok(isStorageError(error));
        assert.equal(error.code, "precondition_failed");
        assert.deepEqual(target.published, []);
      },
    );
    assert.ok(changed);
  });
}
