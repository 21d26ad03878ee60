import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { createStorageClient } from "../../src/storage/create-storage-client.ts";
import { transfer } from "../../src/transfer/transfer.ts";
import { parseUri } from "../../src/uri/parse-uri.ts";
import { rejectsWith } from "../faults/support/rejects-with.ts";
import { stagingTarget } from "../faults/support/staging-target.ts";
import { scratchDirectory } from "../support/scratch-directory.ts";

const mebibyte = 1024 * 1024;

for (const how of ["replaced", "overwritten"] as const) {
  test(`a file of this machine that is ${how} while it is read is never published as a mixture`, async (t) => {
    const directory = await scratchDirectory(t);
    const path = join(directory, "model.bin");
    const size = 48 * mebibyte;
    await writeFile(path, randomBytes(size));
    const { client } = await createStorageClient({ storageUri: `local://${path}`, env: {} });
    const uri = parseUri(`local://${path}`);
    const { etag } = await client.stat(uri);
    const pin = { size, etag };
    await using target = await stagingTarget();
    let changed: Promise<void> | undefined;
    const change = async (): Promise<void> => {
      const other = how === "replaced" ? `${path}.new` : path;
      await writeFile(other, Buffer.alloc(size, 1));
      if (how === "replaced") await rename(other, path);
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
    await rejectsWith(
      transfer([file], {
        target,
        maxBandwidth: 64 * mebibyte,
        maxConnections: 1,
        onProgress: ({ fetchedBytes }) => {
          if (fetchedBytes > 4 * mebibyte) changed ??= change();
        },
      }),
      "precondition_failed",
    );
    await changed;
    assert.deepEqual(target.published, []);
  });
}
