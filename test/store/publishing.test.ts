import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import { mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { isStorageError } from "../../src/errors.ts";
import { type FileSystem, nodeFileSystem } from "../../src/store/file-system.ts";
import { createPublisher, type PublishedFile, type PublisherOptions } from "../../src/store/publishing.ts";
import type { TransferredFile } from "../../src/transfer/transfer-types.ts";
import { recordingFileSystem } from "../support/recording-file-system.ts";
import { scratchDirectory } from "../support/scratch-directory.ts";

function transferred(path: string, size: number): TransferredFile {
  return {
    path,
    size,
    verification: { by: "size" },
    units: { algorithm: "crc32", unitSize: 8, values: [] },
    checksum: "00000000",
    digests: {},
    resumedBytes: 0,
    fetchedBytes: size,
    sources: ["memory"],
  };
}

async function place(t: TestContext, options: Partial<PublisherOptions> = {}) {
  const destination = await scratchDirectory(t);
  const stagingDirectory = join(destination, ".model-agent/staging/w");
  await mkdir(stagingDirectory, { recursive: true });
  const publisher = createPublisher({ destination, stagingDirectory, ...options });
  let count = 0;
  const publish = async (path: string, text: string, size = Buffer.byteLength(text)): Promise<void> => {
    const staged = join(stagingDirectory, String(count++));
    await writeFile(staged, text);
    await publisher.publish(staged, transferred(path, size));
  };
  return { destination, publisher, publish, stagingDirectory };
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => assert.fail("it succeeded"),
    (reason: unknown) => reason,
  );
  assert.ok(isStorageError(error), String(error));
  return error.code;
}

test("a published file has its final name, is read-only, and is described as stat sees it", async (t) => {
  const published: PublishedFile[] = [];
  const beforeRename = async (files: readonly PublishedFile[]): Promise<void> => void published.push(...files);
  const { destination, publish } = await place(t, { beforeRename });
  await publish("sub/deep/config.json", "{}");
  const path = join(destination, "sub/deep/config.json");
  const found = await stat(path, { bigint: true });
  assert.equal(await readFile(path, "utf8"), "{}");
  assert.equal(Number(found.mode & 0o777n), 0o444);
  const [file] = published;
  assert.deepEqual([file?.mtimeNs, file?.inode], [String(found.mtimeNs), String(found.ino)]);
});

test("the order is data sync, record, rename, directory sync, and only then success", async (t) => {
  const { log, fileSystem } = recordingFileSystem();
  const beforeRename = async (files: readonly PublishedFile[]): Promise<void> => {
    log.push(`record ${files.map(({ path }) => path)}`);
  };
  const { publish } = await place(t, { fileSystem, beforeRename });
  await publish("a/b", "x");
  log.push("done");
  const named = log.map((line) => line.replace(/model-agent-test-\w+/, "."));
  assert.deepEqual(named, ["sync 0", "record a/b", "mkdir a", "rename 0 b", "sync .", "sync a", "done"]);
});

test("files that arrive together share directory syncs", async (t) => {
  const { log, fileSystem } = recordingFileSystem();
  const { publish, destination } = await place(t, { fileSystem });
  const paths = Array.from({ length: 300 }, (_, index) => `f${index}`);
  await Promise.all(paths.map((path) => publish(path, path)));
  assert.equal(log.filter((line) => /^sync \d+$/.test(line)).length, 300);
  assert.ok(log.filter((line) => line.startsWith("sync model-agent-test-")).length < 60);
  assert.equal((await readdir(destination)).length, 301);
});

test("a file that is there already is replaced", async (t) => {
  const { destination, publish } = await place(t);
  await publish("a", "old");
  await publish("a", "newer");
  assert.equal(await readFile(join(destination, "a"), "utf8"), "newer");
});

test("an I/O error on fsync publishes nothing and gives the staged bytes up", async (t) => {
  const { fileSystem } = recordingFileSystem((operation, name) => {
    if (operation === "sync" && name === "0") throw Object.assign(new Error("EIO: i/o error"), { code: "EIO" });
  });
  const { destination, publish, stagingDirectory } = await place(t, { fileSystem });
  const results = await Promise.allSettled([publish("a", "x"), publish("b", "y")]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ["rejected", "fulfilled"],
  );
  assert.deepEqual((await readdir(destination)).sort(), [".model-agent", "b"]);
  assert.deepEqual(await readdir(stagingDirectory), []);
});

test("an I/O error on a directory sync is a failure of the files that needed it", async (t) => {
  const { fileSystem } = recordingFileSystem((operation, name) => {
    if (operation === "sync" && name.startsWith("model-agent-test-")) {
      throw Object.assign(new Error("EIO: i/o error"), { code: "EIO" });
    }
  });
  const { publish } = await place(t, { fileSystem });
  assert.equal(await codeOf(publish("a", "x")), "internal");
});

test("a full disk is no_space, and nothing has its final name", async (t) => {
  const { fileSystem } = recordingFileSystem((operation) => {
    if (operation === "rename") throw Object.assign(new Error("ENOSPC: no space left"), { code: "ENOSPC" });
  });
  const { destination, publish } = await place(t, { fileSystem });
  assert.equal(await codeOf(publish("a", "x")), "no_space");
  assert.deepEqual(await readdir(destination), [".model-agent"]);
});

test("when the record fails nothing is renamed", async (t) => {
  const { destination, publish } = await place(t, { beforeRename: () => Promise.reject(new Error("lease lost")) });
  assert.equal(await codeOf(publish("a", "x")), "internal");
  assert.deepEqual(await readdir(destination), [".model-agent"]);
});

test("a staged file of another size is not published", async (t) => {
  const { destination, publish } = await place(t);
  assert.equal(await codeOf(publish("a", "short", 6)), "internal");
  assert.deepEqual(await readdir(destination), [".model-agent"]);
});

test("symbolic links and files where directories belong are refused, and what they point to is untouched", async (t) => {
  const { destination, publish } = await place(t);
  const elsewhere = await scratchDirectory(t);
  await symlink(elsewhere, join(destination, "link"));
  await writeFile(join(destination, "file"), "");
  assert.equal(await codeOf(publish("link/x", "x")), "unsafe_path");
  assert.equal(await codeOf(publish("file/x", "x")), "unsafe_path");
  assert.deepEqual(await readdir(elsewhere), []);
});

test("a symbolic link under the final name is replaced, not followed", async (t) => {
  const { destination, publish } = await place(t);
  const elsewhere = join(await scratchDirectory(t), "victim");
  await writeFile(elsewhere, "untouched");
  await symlink(elsewhere, join(destination, "a"));
  await publish("a", "x");
  assert.equal(await readFile(elsewhere, "utf8"), "untouched");
  assert.equal(await readFile(join(destination, "a"), "utf8"), "x");
});

test("a directory under the final name is refused", async (t) => {
  const { destination, publish } = await place(t);
  await mkdir(join(destination, "a"));
  assert.equal(await codeOf(publish("a", "x")), "unsafe_path");
});

test("a path that is not safe never reaches the disk", async (t) => {
  const { publish } = await place(t);
  assert.equal(await codeOf(publish("../a", "x")), "unsafe_path");
});

test("file systems without modes are taken as they are", async (t) => {
  const fileSystem: FileSystem = {
    ...nodeFileSystem,
    open: async (...args: Parameters<typeof fs.open>) => {
      const handle = await fs.open(...args);
      handle.chmod = () => Promise.reject(Object.assign(new Error("EPERM"), { code: "EPERM" }));
      return handle;
    },
  };
  const { destination, publish } = await place(t, { fileSystem });
  await publish("a", "x");
  assert.equal(await readFile(join(destination, "a"), "utf8"), "x");
});
