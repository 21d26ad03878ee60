import assert from "node:assert/strict";
import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { findLinks } from "../../../src/agent/sharing/find-links.ts";
import { type ContentLink, LinkStore } from "../../../src/agent/sharing/link-store.ts";
import { scratchDirectory } from "../../support/scratch-directory.ts";

const link = (name: string, target = "/m/parent"): ContentLink => ({
  path: `/m/${name}`,
  target,
  request: { uri: `s3://b/${name}`, include: [], exclude: [], weights: "all" },
  content: "abc",
});

test("what is shared is remembered over a restart; a record that is damaged is none", async (t) => {
  const root = await scratchDirectory(t);
  const store = new LinkStore(root);
  await store.load();
  await store.put(link("a"));
  await store.put(link("b"));
  await store.keep("/m/parent");
  await store.put(link("c"));
  await store.forget("/m/c");
  const directory = join(root, ".model-agent", "links");
  await writeFile(join(directory, "odd.json"), "{");
  await writeFile(join(directory, "older.json.123.tmp"), "");

  const again = new LinkStore(root);
  await again.load();
  assert.deepEqual(again.get("/m/a"), link("a"));
  assert.deepEqual(
    again
      .sharersOf("/m/parent")
      .map(({ path }) => path)
      .sort(),
    ["/m/a", "/m/b"],
  );
  assert.equal(again.get("/m/c"), undefined);
  assert.ok(again.isKept("/m/parent"));
  await again.forget("/m/parent");
  assert.equal(again.isKept("/m/parent"), false);
  assert.equal((await readdir(directory)).filter((name) => name.endsWith(".json")).length, 3);
});

test("links into a directory are found wherever they are below the root, and nothing is followed", async (t) => {
  const root = await scratchDirectory(t);
  await mkdir(join(root, "deep", "er"), { recursive: true });
  await mkdir(join(root, "parent", "sub"), { recursive: true });
  await symlink("../../parent", join(root, "deep", "er", "child"));
  await symlink(join(root, "parent", "sub"), join(root, "into"));
  await symlink("deep", join(root, "other"));
  await symlink("..", join(root, "deep", "loop"));
  const found = await findLinks(root, join(root, "parent"), new AbortController().signal);
  assert.deepEqual([...found].sort(), [join(root, "deep", "er", "child"), join(root, "into")]);
});
