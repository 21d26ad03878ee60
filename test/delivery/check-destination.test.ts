import assert from "node:assert/strict";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { checkDestination, checkWritable } from "../../src/delivery/check-destination.ts";
import { nodeFileSystem } from "../../src/store/file-system.ts";
import { scratchDirectory } from "../support/scratch-directory.ts";

async function refused(destination: string, code: string, root?: string): Promise<void> {
  await assert.rejects(checkDestination(destination, root, nodeFileSystem), { code });
}

test("directories that exist or can be made are accepted as plain paths", async (t) => {
  const root = await scratchDirectory(t);
  assert.equal(await checkDestination(`${root}/a/../b/`, root, nodeFileSystem), join(root, "b"));
  assert.equal(await checkDestination(join(root, "x/y/z"), undefined, nodeFileSystem), join(root, "x/y/z"));
});

test("relative paths, files, the root directory and our own metadata are no destinations", async (t) => {
  const root = await scratchDirectory(t);
  await writeFile(join(root, "file"), "");
  await symlink("nowhere", join(root, "dangling"));
  await refused("models/llama", "config_invalid");
  await refused("/", "config_invalid");
  await refused(join(root, "a\0b"), "config_invalid");
  await refused(join(root, "file"), "config_invalid");
  await refused(join(root, "file/below"), "config_invalid");
  await refused(join(root, "dangling"), "config_invalid");
  await refused(join(root, ".model-agent/staging"), "config_invalid");
});

test("outside of the root, also by way of a link, is unsafe", async (t) => {
  const root = await scratchDirectory(t);
  const outside = await scratchDirectory(t);
  await mkdir(join(root, "inside"));
  await symlink(outside, join(root, "door"));
  await symlink(join(root, "inside"), join(root, "hall"));
  await refused(root, "unsafe_path", root);
  await refused(`${root}-2/x`, "unsafe_path", root);
  await refused(join(root, "../x"), "unsafe_path", root);
  await refused(join(root, "door/llama"), "unsafe_path", root);
  await checkDestination(join(root, "hall/llama"), root, nodeFileSystem);
  await symlink(root, join(outside, "models"));
  await checkDestination(join(outside, "models/llama"), join(outside, "models"), nodeFileSystem);
});

test("a place that may not be written is refused by its nearest directory that exists", async (t) => {
  const root = await scratchDirectory(t);
  const readOnly = {
    ...nodeFileSystem,
    access: (path: unknown) => {
      assert.equal(path, root);
      return Promise.reject(Object.assign(new Error("EROFS"), { code: "EROFS" }));
    },
  };
  await assert.rejects(checkWritable(join(root, "a/b"), readOnly), { code: "permission_denied", message: /read-only/ });
  await checkWritable(join(root, "a/b"), nodeFileSystem);
});
