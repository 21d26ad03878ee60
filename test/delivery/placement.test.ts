import assert from "node:assert/strict";
import { chmod, mkdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { deliver } from "../../src/delivery/deliver.ts";
import type { DeliveryRequest } from "../../src/delivery/delivery-types.ts";
import { placeFiles } from "../../src/delivery/place-files.ts";
import { verifyDelivery } from "../../src/delivery/verify-delivery.ts";
import { isStorageError } from "../../src/errors.ts";
import { createStorageClient } from "../../src/storage/create-storage-client.ts";
import { nodeFileSystem } from "../../src/store/file-system.ts";
import { createPublisher } from "../../src/store/publishing.ts";
import { memorySource } from "../support/memory-source.ts";
import { scratchDirectory } from "../support/scratch-directory.ts";

interface Place {
  readonly source: string;
  readonly destination: string;
}

async function madeModel(t: TestContext): Promise<Place> {
  const root = await scratchDirectory(t);
  const source = join(root, "source");
  await mkdir(join(source, "sub"), { recursive: true });
  await writeFile(join(source, "config.json"), '{"model_type":"test"}');
  await writeFile(join(source, "sub/data.bin"), Buffer.alloc(300_000, "payload "));
  await writeFile(join(source, "empty"), "");
  return { source, destination: join(root, "model") };
}

function request({ source, destination }: Place, mode: string): DeliveryRequest {
  return { source: { storageUri: `local://${source}`, parameters: { mode }, env: {} }, destination };
}

async function code(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "none",
    (error: unknown) => (isStorageError(error) ? error.code : String(error)),
  );
}

test("hard links are proven second names of the source's files, and need no space", async (t) => {
  const place = await madeModel(t);
  for (const path of ["config.json", "sub/data.bin", "empty"]) await chmod(join(place.source, path), 0o640);
  const result = await deliver(request(place, "hard-link"));
  assert.deepEqual([result.fetchedBytes, result.linkedBytes, result.totals.files], [0, 300_021, 3]);
  for (const path of ["config.json", "sub/data.bin", "empty"]) {
    const [original, linked] = [await stat(join(place.source, path)), await stat(join(place.destination, path))];
    assert.equal(linked.ino, original.ino, path);
    assert.equal(original.mode & 0o777, 0o640, "the original's mode is its owner's");
  }
  const again = await deliver(request(place, "hard-link"));
  assert.equal(again.unchanged, true);
  const verified = await verifyDelivery({ destination: place.destination });
  assert.deepEqual(verified.damaged, []);
});

test("a hard-linked file that the source changes is no longer what was proven", async (t) => {
  const place = await madeModel(t);
  await deliver(request(place, "hard-link"));
  const path = join(place.source, "sub/data.bin");
  await writeFile(path, Buffer.alloc(300_000, "changed "));
  await utimes(path, new Date(), new Date(Date.now() + 5_000));
  const result = await deliver(request(place, "hard-link"));
  assert.equal(result.unchanged, false);
  assert.deepEqual(await readFile(join(place.destination, "sub/data.bin")), Buffer.alloc(300_000, "changed "));
});

test("copies are files of their own", async (t) => {
  const place = await madeModel(t);
  const result = await deliver(request(place, "copy"));
  assert.equal(result.fetchedBytes, 300_021);
  const [original, copy] = [
    await stat(join(place.source, "config.json")),
    await stat(join(place.destination, "config.json")),
  ];
  assert.notEqual(copy.ino, original.ino);
});

test("reflinks share blocks where the file system can, and are refused where it cannot", async (t) => {
  const place = await madeModel(t);
  const result = await deliver(request(place, "reflink")).catch((error: unknown) => error);
  if (isStorageError(result)) {
    assert.equal(result.code, "unsupported");
    assert.match(result.message, /the file system cannot share blocks \(\w+\)\. Use mode copy\./);
    await assert.rejects(stat(place.destination), { code: "ENOENT" });
    return;
  }
  const [original, copy] = [
    await stat(join(place.source, "config.json")),
    await stat(join(place.destination, "config.json")),
  ];
  assert.notEqual(copy.ino, original.ino);
});

test("in-place is no delivery, and a mode that is none is named", async (t) => {
  const place = await madeModel(t);
  await assert.rejects(deliver(request(place, "in-place")), /in-place means that the files are used where they are/);
  await assert.rejects(deliver(request(place, "symlink")), /mode: must be one of copy, hard-link, reflink, in-place/);
});

test("what is not on this machine cannot be linked", async (t) => {
  const destination = join(await scratchDirectory(t), "model");
  const source = memorySource({ "m/file": "content" });
  const work = deliver({ source: { client: source.client, uri: source.uri }, destination, placement: "hard-link" });
  assert.equal(await code(work), "unsupported");
  await assert.rejects(stat(destination), { code: "ENOENT" });
});

test("another file system, or one without links, says so", async (t) => {
  const place = await madeModel(t);
  await mkdir(join(place.destination, "staging"), { recursive: true });
  const { client, objectUri } = await createStorageClient({
    storageUri: `local://${place.source}/config.json`,
    env: {},
  });
  const info = await client.stat(objectUri);
  for (const [error, message] of [
    ["EXDEV", /source and destination are on different file systems\. Use mode copy/],
    ["EPERM", /it cannot be linked here \(EPERM\)/],
  ] as const) {
    const fileSystem = {
      ...nodeFileSystem,
      link: async () => {
        throw Object.assign(new Error(error), { code: error });
      },
    };
    const publisher = createPublisher({
      destination: place.destination,
      stagingDirectory: join(place.destination, "staging"),
    });
    const placing = placeFiles([{ path: "config.json", size: info.size, info, priority: 0 }], {
      ...{ client, placement: "hard-link", publisher, fileSystem },
      ...{ onBytes: () => {}, onPlaced: () => {} },
    });
    await assert.rejects(placing, message);
  }
});
