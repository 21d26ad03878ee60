import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir, mkdtemp, realpath, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { type TestContext, test } from "node:test";
import { collect } from "../../../../src/storage/collect.ts";
import { createStorageClient } from "../../../../src/storage/create-storage-client.ts";
import type { ListOptions } from "../../../../src/storage/storage.ts";
import { isWritableStorage } from "../../../../src/storage/storage-kinds.ts";
import { expectError } from "../../../../src/testing/conformance/index.ts";
import { withKey } from "../../../../src/uri/with-key.ts";

async function tree(context: TestContext, files: readonly string[]): Promise<string> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), "model-agent-local-")));
  context.after(() => rm(directory, { recursive: true, force: true }));
  for (const file of files) {
    await mkdir(join(directory, file, ".."), { recursive: true });
    await writeFile(join(directory, file), file);
  }
  return directory;
}

async function open(path: string, parameters: Record<string, string> = {}) {
  const { client, objectUri } = await createStorageClient({ storageUri: `local://${path}`, parameters, env: {} });
  assert.ok(isWritableStorage(client));
  const names = async (options: ListOptions = {}) =>
    (await collect(client.list(objectUri, options))).map((info) => info.key);
  return { client, objectUri, names };
}

test("lists keys as the paths that the URI began", async (context) => {
  const directory = await tree(context, ["m/config.json", "m/sub/a", "m2/x"]);
  assert.deepEqual(await (await open(`${directory}/m/`)).names(), [
    `${directory}/m/config.json`,
    `${directory}/m/sub/a`,
  ]);
  const byPrefix = [`${directory}/m/config.json`, `${directory}/m/sub/a`, `${directory}/m2/x`];
  assert.deepEqual(await (await open(`${directory}/`)).names(), byPrefix);
  assert.deepEqual(await (await open(`${directory}/m`)).names(), byPrefix.slice(0, 2));
  assert.deepEqual(await (await open(`${directory}/m/config.json`)).names(), [`${directory}/m/config.json`]);
});

test("reads paths relative to the working directory", async (context) => {
  const directory = relative(process.cwd(), await tree(context, ["m/config.json"]));
  const { client, objectUri, names } = await open(`${directory}/m/`);
  assert.deepEqual(await names(), [`${directory}/m/config.json`]);
  const source = await client.locate(withKey(objectUri, `${directory}/m/config.json`));
  assert.ok(source.kind === "file" && source.path.startsWith("/"));
});

test("orders directories among files as their keys come", async (context) => {
  const directory = await tree(context, ["a/z", "a.txt", "a-b", "a0", "a/b/c"]);
  const keys = ["a-b", "a.txt", "a/b/c", "a/z", "a0"].map((name) => `${directory}/${name}`);
  const { names } = await open(`${directory}/`);
  assert.deepEqual(await names(), keys);
  assert.deepEqual(await names({ startAfter: `${directory}/a/b/c` }), keys.slice(3));
  assert.deepEqual(await names({ startAfter: `${directory}/a/b/zz` }), keys.slice(3));
});

test("does not enter a directory whose keys all come before startAfter", async (context) => {
  const directory = await tree(context, ["a/file", "b/file"]);
  await symlink("/nonexistent", join(directory, "a", "dangling"));
  const { names } = await open(`${directory}/`);
  await expectError(names, "not_found", "local");
  assert.deepEqual(await names({ startAfter: `${directory}/a0` }), [`${directory}/b/file`]);
});

test("follows symbolic links that stay inside", async (context) => {
  const directory = await tree(context, ["blobs/one"]);
  await symlink("blobs/one", join(directory, "file"));
  await symlink("blobs", join(directory, "linked"));
  const { client, objectUri, names } = await open(`${directory}/`);
  assert.deepEqual(await names(), [`${directory}/blobs/one`, `${directory}/file`, `${directory}/linked/one`]);
  assert.equal((await client.stat(withKey(objectUri, `${directory}/file`))).size, "blobs/one".length);
});

test("refuses symbolic links that lead out, unless they are to be followed", async (context) => {
  const directory = await tree(context, ["blobs/one", "snapshot/config.json"]);
  await symlink("../blobs/one", join(directory, "snapshot", "weights"));
  const confined = await open(`${directory}/snapshot/`);
  const key = `${directory}/snapshot/weights`;
  await expectError(confined.names, "unsafe_path", "local");
  await expectError(() => confined.client.stat(withKey(confined.objectUri, key)), "unsafe_path", "local");
  await expectError(() => confined.client.locate(withKey(confined.objectUri, key)), "unsafe_path", "local");
  const following = await open(`${directory}/snapshot/`, { symlinks: "follow" });
  assert.equal((await following.names()).length, 2);
  const source = await following.client.locate(withKey(following.objectUri, key));
  assert.ok(source.kind === "file");
  assert.equal(source.path, `${directory}/blobs/one`);
});

test("writes through no symbolic link that leads out", async (context) => {
  const directory = await tree(context, ["inside/file", "outside/file"]);
  await symlink("../outside", join(directory, "inside", "way-out"));
  const { client, objectUri } = await open(`${directory}/inside/`);
  for (const name of ["way-out/file", "way-out/new/file"]) {
    const uri = withKey(objectUri, `${directory}/inside/${name}`);
    await expectError(() => client.put(uri, Buffer.from("x")), "unsafe_path", "local");
  }
  await expectError(
    () => client.delete(withKey(objectUri, `${directory}/inside/way-out/file`)),
    "unsafe_path",
    "local",
  );
  assert.equal((await (await open(`${directory}/outside/`)).names()).length, 1);
});

test("refuses loops of symbolic links", async (context) => {
  const directory = await tree(context, ["a/b/file"]);
  await symlink("..", join(directory, "a", "b", "up"));
  await expectError((await open(`${directory}/`)).names, "unsafe_path", "local");
});

test("stays inside the directory that it was opened at", async (context) => {
  const directory = await tree(context, ["in/file", "out/file", "in-not/file"]);
  const { client, objectUri } = await open(`${directory}/in/`);
  for (const key of [
    `${directory}/out/file`,
    `${directory}/in/../out/file`,
    `${directory}/in-not/file`,
    "/etc/passwd",
  ]) {
    const uri = withKey(objectUri, key);
    await expectError(() => client.stat(uri), "unsafe_path", "local");
    await expectError(() => client.locate(uri), "unsafe_path", "local");
    await expectError(() => client.put(uri, Buffer.from("x")), "unsafe_path", "local");
    await expectError(() => client.delete(uri), "unsafe_path", "local");
    await expectError(() => collect(client.list(uri)), "unsafe_path", "local");
  }
});

test("fails for a directory that does not exist, and not for a prefix in one that does", async (context) => {
  const directory = await tree(context, ["file"]);
  await expectError((await open(`${directory}/nowhere/`)).names, "not_found", "local");
  await expectError((await open(`${directory}/no/where`)).names, "not_found", "local");
  assert.deepEqual(await (await open(`${directory}/fi`)).names(), [`${directory}/file`]);
  assert.deepEqual(await (await open(`${directory}/nowhere`)).names(), []);
});

test("refuses to locate a file that is not the one described", async (context) => {
  const directory = await tree(context, ["file"]);
  const { client, objectUri } = await open(`${directory}/file`);
  const pin = await client.stat(objectUri);
  assert.equal((await client.locate(objectUri, { pin })).kind, "file");
  await utimes(join(directory, "file"), 1, 1);
  await expectError(() => client.locate(objectUri, { pin }), "precondition_failed", "local");
});

test("leaves out what is no file, and reports no group without files", async (context) => {
  const directory = await tree(context, ["file"]);
  await mkdir(join(directory, "empty", "deep"), { recursive: true });
  const server = createServer().listen(join(directory, "socket"));
  context.after(() => server.close());
  await once(server, "listening");
  const { names, client, objectUri } = await open(`${directory}/`);
  assert.deepEqual(await names(), [`${directory}/file`]);
  assert.deepEqual(await names({ delimiter: "/", onPrefix: () => assert.fail("an empty directory is no group") }), [
    `${directory}/file`,
  ]);
  await expectError(() => client.stat(withKey(objectUri, `${directory}/socket`)), "not_found", "local");
});

test("names a file whose name is not UTF-8", async (context) => {
  const directory = await tree(context, ["file"]);
  await writeFile(Buffer.concat([Buffer.from(`${directory}/`), Buffer.from([0x66, 0xff])]), "");
  const error = await expectError((await open(`${directory}/`)).names, "unsafe_path", "local");
  assert.match(error.message, /not UTF-8/);
});

test("writes no file over a directory and no directory over a file", async (context) => {
  const directory = await tree(context, ["dir/file"]);
  const { client, objectUri } = await open(`${directory}/`);
  const put = (name: string) => client.put(withKey(objectUri, `${directory}/${name}`), Buffer.from("x"));
  await expectError(() => put("dir"), "config_invalid", "local");
  await expectError(() => put("dir/"), "unsupported", "local");
  await expectError(() => put("dir/file/below"), "config_invalid", "local");
});

test("where the caller says within which directories files may lie, no link leads out of them", async (context) => {
  const directory = await tree(context, ["a/m/x", "b/y", "c/z"]);
  await symlink(join(directory, "c"), join(directory, "a", "out"));
  await symlink(join(directory, "b/y"), join(directory, "a/m/in"));
  const confined = async (path: string, symlinks: string) =>
    createStorageClient({
      storageUri: `local://${path}`,
      parameters: { symlinks },
      localDirectories: [join(directory, "a"), join(directory, "b")],
      env: {},
    });
  const names = async (path: string, symlinks: string) => {
    const { client, objectUri } = await confined(path, symlinks);
    return (await collect(client.list(objectUri))).map(({ key }) => relative(directory, key));
  };
  assert.deepEqual(await names(`${directory}/a/m/`, "follow"), ["a/m/in", "a/m/x"]);
  for (const symlinks of ["inside", "follow"]) {
    await expectError(() => names(`${directory}/a/out/`, symlinks), "unsafe_path");
    await expectError(() => names(`${directory}/c/`, symlinks), "unsafe_path");
    const { client, objectUri } = await confined(`${directory}/a/out/z`, symlinks);
    await expectError(() => client.locate(objectUri), "unsafe_path");
  }
});
