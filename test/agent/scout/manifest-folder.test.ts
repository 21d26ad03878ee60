import assert from "node:assert/strict";
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Document } from "../../../src/agent/scout/folder-state.ts";
import { isManifestName } from "../../../src/agent/scout/list-folder.ts";
import { manifestFolder } from "../../../src/agent/scout/manifest-folder.ts";
import { isStorageError } from "../../../src/errors.ts";
import { systemClock } from "../../../src/telemetry/clock.ts";
import { silentLogger } from "../../../src/telemetry/logger.ts";

/** Follows a folder in which every line of a file is the key of a model. */
async function follow(t: TestContext, prepare: (directory: string) => Promise<void> = async () => {}) {
  const directory = await mkdtemp(join(tmpdir(), "manifests-"));
  await prepare(directory);
  const abort = new AbortController();
  const source = manifestFolder<Document>({
    directory,
    parse: (text, file) => ({
      documents: text
        .split("\n")
        .filter((line) => line !== "")
        .map((key, index) => ({ key, origin: `${file}:${index + 1}` })),
      problems: [],
    }),
    rescanMs: 60_000,
    clock: systemClock,
    logger: silentLogger,
  });
  const batches = source.watch(abort.signal)[Symbol.asyncIterator]();
  t.after(async () => {
    abort.abort();
    await batches.return?.();
    await rm(directory, { recursive: true, force: true });
  });
  return {
    directory,
    next: async () => {
      const result = await batches.next();
      if (result.done) return "end";
      const { changed, gone } = result.value;
      return [...changed.map((document) => document.key), ...gone.map((key) => `-${key}`)].join(" ");
    },
  };
}

test("create, edit, atomic replacement and deletion are told", { timeout: 30_000 }, async (t) => {
  const { directory, next } = await follow(t, (place) => writeFile(join(place, "a.yaml"), "m\n"));
  assert.equal(await next(), "m");
  await writeFile(join(directory, "b.yaml"), "n\n");
  assert.equal(await next(), "n");
  await writeFile(join(directory, "a.yaml"), "m\no\n");
  assert.equal(await next(), "o");
  await writeFile(join(directory, ".a.yaml.new"), "m\n");
  await rename(join(directory, ".a.yaml.new"), join(directory, "a.yaml"));
  assert.equal(await next(), "-o");
  await rm(join(directory, "b.yaml"));
  assert.equal(await next(), "-n");
});

test("a deletion is told within a second", { timeout: 30_000 }, async (t) => {
  const { directory, next } = await follow(t, (place) => writeFile(join(place, "a.yaml"), "m\n"));
  await next();
  const startedAt = performance.now();
  await rm(join(directory, "a.yaml"));
  assert.equal(await next(), "-m");
  assert.ok(performance.now() - startedAt < 1000);
});

test("mounted configuration, where files are links into a directory that is swapped", {
  timeout: 30_000,
}, async (t) => {
  const { directory, next } = await follow(t, async (place) => {
    await mkdir(join(place, "..v1"));
    await writeFile(join(place, "..v1", "a.yaml"), "m\n");
    await symlink("..v1", join(place, "..data"));
    await symlink("..data/a.yaml", join(place, "a.yaml"));
  });
  assert.equal(await next(), "m");
  await mkdir(join(directory, "..v2"));
  await writeFile(join(directory, "..v2", "a.yaml"), "m\nn\n");
  await symlink("..v2", join(directory, "..new"));
  await rename(join(directory, "..new"), join(directory, "..data"));
  assert.equal(await next(), "n");
});

test("an unreadable folder at the start is an error that names the option", async (t) => {
  const { next } = await follow(t, (place) => rm(place, { recursive: true }));
  await assert.rejects(
    next(),
    (error) => isStorageError(error) && error.code === "config_invalid" && /--manifests/.test(error.hint),
  );
});

test("files that editors keep beside the one they edit are no manifests", () => {
  for (const name of ["a.yaml", "b.yml", "c.JSON", "model@1.yaml"]) assert.ok(isManifestName(name), name);
  for (const name of [".a.yaml.swp", "a.yaml~", "#a.yaml#", ".#a.yaml", "4913", "a.yaml.tmp", "~a.yaml", "README.md"]) {
    assert.ok(!isManifestName(name), name);
  }
});
