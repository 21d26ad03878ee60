import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { secretFolder } from "../../src/agent/secret-source.ts";
import { isStorageError } from "../../src/errors.ts";

test("a Secret is a directory of files; one of its namespace stands above one of the same name", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "secrets-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const source = secretFolder(directory);
  await mkdir(join(directory, "hf"));
  await writeFile(join(directory, "hf", "token"), "first\n");
  await writeFile(join(directory, "hf", "..data"), "not an entry");
  assert.deepEqual(await source.read({ namespace: "team", name: "hf" }), { token: "first" });
  await mkdir(join(directory, "team", "hf"), { recursive: true });
  await writeFile(join(directory, "team", "hf", "token"), "second");
  assert.deepEqual(await source.read({ namespace: "team", name: "hf" }), { token: "second" });
  assert.deepEqual(await source.read({ namespace: "", name: "hf" }), { token: "first" });
  await writeFile(join(directory, "hf", "token"), "rotated");
  assert.deepEqual(await source.read({ namespace: "", name: "hf" }), { token: "rotated" });
});

test("a Secret that is not there is an error that says where it belongs, never another identity", async () => {
  for (const [directory, hint] of [
    ["/nonexistent", /\/nonexistent\/hf/],
    [undefined, /--secrets/],
  ] as const) {
    await assert.rejects(secretFolder(directory).read({ namespace: "", name: "hf" }), (error) => {
      assert.ok(isStorageError(error));
      assert.equal(error.code, "config_invalid");
      assert.match(error.hint, hint);
      return true;
    });
  }
});
