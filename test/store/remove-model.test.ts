import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, readdir, rename, symlink, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { isStorageError } from "../../src/errors.ts";
import { type FileSystem, nodeFileSystem } from "../../src/store/file-system.ts";
import { acquireLease } from "../../src/store/lease.ts";
import { writeProof } from "../../src/store/proof.ts";
import { removeModel } from "../../src/store/remove-model.ts";
import { recordedFile } from "../support/file-records.ts";
import { recordingFileSystem } from "../support/recording-file-system.ts";
import { scratchDirectory } from "../support/scratch-directory.ts";

async function model(root: string, name: string): Promise<string> {
  const directory = join(root, name);
  await mkdir(join(directory, ".model-agent/staging/w"), { recursive: true });
  await mkdir(join(directory, "sub"));
  await writeFile(join(directory, ".model-agent/staging/w/part"), "unfinished");
  const files = [
    await recordedFile(directory, "config.json", Buffer.from("{}")),
    await recordedFile(directory, "sub/weights", Buffer.from("12345")),
  ];
  await writeProof(directory, {
    request: { uri: "memory://b/m", include: [], exclude: [], weights: "all" },
    provider: "memory",
    provenAt: new Date().toISOString(),
    totals: { files: 2, bytes: 7, verifiedBySource: 0, verifiedBySize: 2 },
    files,
  });
  return directory;
}

async function refused(directory: string, root?: string): Promise<void> {
  await assert.rejects(removeModel({ directory, root }), { code: "unsafe_path" });
}

async function rootOf(t: TestContext): Promise<string> {
  return scratchDirectory(t);
}

test("a model is removed with its metadata and the directories that only it needed", async (t) => {
  const root = await rootOf(t);
  const directory = await model(root, "org/llama");
  await writeFile(join(directory, "notes"), "1");
  assert.deepEqual(await removeModel({ directory, root }), { existed: true, files: 3, bytes: 8, kept: [] });
  assert.deepEqual(await readdir(root), []);
  assert.deepEqual(await removeModel({ directory, root }), { existed: false, files: 0, bytes: 0, kept: [] });
});

test("without a root only the files of the proof go", async (t) => {
  const root = await rootOf(t);
  const directory = await model(root, "llama");
  await writeFile(join(directory, "sub/notes"), "mine");
  assert.deepEqual((await removeModel({ directory })).kept, ["sub/notes"]);
  assert.deepEqual(await readdir(directory, { recursive: true }), ["sub", "sub/notes"]);
  const other = await model(root, "other");
  assert.deepEqual((await removeModel({ directory: other })).kept, []);
  assert.ok(!existsSync(other));
});

test("what is no model's directory is never removed", async (t) => {
  const root = await rootOf(t);
  const directory = await model(root, "llama");
  const outside = await model(await rootOf(t), "outside");
  await mkdir(join(root, "plain"));
  await writeFile(join(root, "file"), "");
  await symlink(directory, join(root, "link"));
  await symlink(dirname(outside), join(root, "door"));
  await refused("/");
  await refused("/", "/");
  await refused(homedir());
  await refused(dirname(process.cwd()));
  await refused(root, root);
  await refused(outside, root);
  await refused(`${root}/../${root.split("/").at(-1)}/llama`, root);
  await refused("llama");
  await refused(join(root, "link"), root);
  await refused(join(root, "link"));
  await refused(join(root, "door/outside"), root);
  await refused(join(root, "file"), root);
  await refused(join(root, "plain"));
  assert.ok(existsSync(join(directory, "config.json")) && existsSync(join(outside, "config.json")));
});

test("links inside a model are removed, what they point to stays", async (t) => {
  const root = await rootOf(t);
  const outside = await scratchDirectory(t);
  await writeFile(join(outside, "victim"), "1");
  const directory = await model(root, "llama");
  await symlink(outside, join(directory, "directory-link"));
  await symlink(join(outside, "victim"), join(directory, "file-link"));
  await removeModel({ directory, root });
  assert.deepEqual(await readdir(outside), ["victim"]);
  assert.ok(!existsSync(directory));
});

test("another model below the removed one stays", async (t) => {
  const root = await rootOf(t);
  const directory = await model(root, "llama");
  const inner = await model(root, "llama/adapters/de");
  const { kept, files } = await removeModel({ directory, root });
  assert.deepEqual([kept, files], [["adapters/de"], 2]);
  assert.ok(existsSync(join(inner, ".model-agent/proof.json")));
  assert.deepEqual(await readdir(directory), ["adapters"]);
});

test("a model that is being written is not removed, or is when its writer has ended", async (t) => {
  const root = await rootOf(t);
  const directory = await model(root, "llama");
  const lease = await acquireLease({ directory, purpose: "download" });
  await assert.rejects(removeModel({ directory, root }), { code: "unavailable" });
  const removing = removeModel({ directory, root, wait: true });
  await lease.release();
  assert.equal((await removing).files, 2);
  assert.ok(!existsSync(directory));
});

test("a removal that is interrupted leaves no proof, and is finished by the next one", async (t) => {
  const root = await rootOf(t);
  const directory = await model(root, "llama");
  const { fileSystem } = recordingFileSystem((operation, name) => {
    if (operation === "unlink" && name === "weights") throw Object.assign(new Error("EIO"), { code: "EIO" });
  });
  await assert.rejects(removeModel({ directory, fileSystem }), { code: "internal" });
  assert.ok(!existsSync(join(directory, ".model-agent/proof.json")));
  assert.deepEqual((await removeModel({ directory })).kept, []);
  assert.ok(!existsSync(directory));
});

for (const name of ["sub", ".model-agent"]) {
  test(`a directory that is exchanged for a link while it is emptied leads the removal nowhere else: ${name}`, async (t) => {
    const root = await rootOf(t);
    const directory = await model(root, "llama");
    const outside = await model(await rootOf(t), "outside");
    const before = await readdir(outside, { recursive: true });
    const list = nodeFileSystem.readdir as (...args: unknown[]) => Promise<{ readonly name?: string }[]>;
    let listed = false;
    let exchanged = false;
    /** Once the directory was listed as one, before anything in it is. */
    const readdirLate = async (...args: unknown[]): Promise<unknown> => {
      if (listed && !exchanged) {
        exchanged = true;
        await rename(join(directory, name), join(root, "aside"));
        await symlink(join(outside, name), join(directory, name));
      }
      const entries = await list(...args);
      listed ||= entries.some((entry) => entry.name === name);
      return entries;
    };
    const fileSystem = { ...nodeFileSystem, readdir: readdirLate } as unknown as FileSystem;
    await removeModel({ directory, root, fileSystem }).catch((error: unknown) => assert.ok(isStorageError(error)));
    assert.ok(exchanged);
    assert.deepEqual(await readdir(outside, { recursive: true }), before, "nothing elsewhere is touched");
  });
}
