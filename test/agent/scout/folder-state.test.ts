import assert from "node:assert/strict";
import { test } from "node:test";
import { createFolderState, type Document, type ParsedFile } from "../../../src/agent/scout/folder-state.ts";

interface Model extends Document {
  readonly value: string;
}

/** A folder whose files hold `key=value` words; `!` is a problem. */
function folder() {
  const files = new Map<string, string>();
  const state = createFolderState<Model>();
  let now = 0;
  let reads = 0;
  const read = async (file: string): Promise<ParsedFile<Model>> => {
    reads += 1;
    const words = (files.get(file) ?? "").split(" ").filter((word) => word !== "");
    return {
      documents: words
        .filter((word) => word !== "!")
        .map((word, index) => ({ key: word.split("=")[0] ?? "", value: word, origin: `${file}:${index + 1}` })),
      problems: words
        .filter((word) => word === "!")
        .map(() => ({ file, line: 1, severity: "error" as const, message: "bad" })),
    };
  };
  return {
    files,
    state,
    reads: () => reads,
    look: async (afterMs: number) => {
      now += afterMs;
      const change = await state.update(new Map([...files].map(([file, text]) => [file, text])), now, read);
      return {
        ...change,
        text: [...change.changed.map((model) => model.value), ...change.gone.map((key) => `-${key}`)].join(" "),
      };
    },
  };
}

test("the first look takes everything at once", async () => {
  const { files, look } = folder();
  files.set("a.yaml", "m=1 n=1").set("b.yaml", "o=1");
  assert.equal((await look(0)).text, "m=1 n=1 o=1");
  assert.equal((await look(0)).text, "");
});

test("an unchanged file is not read again", async () => {
  const { files, look, reads } = folder();
  files.set("a.yaml", "m=1");
  await look(0);
  await look(1000);
  assert.equal(reads(), 1);
});

test("a change is read when the file has come to rest, and only what changed is told", async () => {
  const { files, look } = folder();
  files.set("a.yaml", "m=1 n=1");
  await look(0);
  files.set("a.yaml", "");
  const motion = await look(10);
  assert.equal(motion.text, "");
  assert.equal(motion.lookAgainMs, 150);
  files.set("a.yaml", "m=2");
  assert.equal((await look(140)).text, "");
  files.set("a.yaml", "m=2 n=1");
  assert.equal((await look(140)).text, "");
  assert.equal((await look(150)).text, "m=2");
});

test("a file that is missing for a moment was replaced, not deleted", async () => {
  const { files, look } = folder();
  files.set("a.yaml", "m=1");
  await look(0);
  files.delete("a.yaml");
  assert.equal((await look(10)).text, "");
  files.set("a.yaml", "m=2");
  assert.equal((await look(100)).text, "");
  assert.equal((await look(150)).text, "m=2");
});

test("a deleted file is gone in well under a second", async () => {
  const { files, look } = folder();
  files.set("a.yaml", "m=1");
  await look(0);
  files.delete("a.yaml");
  const wait = (await look(10)).lookAgainMs ?? Number.NaN;
  assert.ok(wait < 500);
  assert.equal((await look(wait)).text, "-m");
});

test("a file that turned bad keeps what it said before, and its good documents still count", async () => {
  const { files, look, state } = folder();
  files.set("a.yaml", "m=1 n=1");
  await look(0);
  files.set("a.yaml", "! n=2");
  await look(10);
  const bad = await look(150);
  assert.equal(bad.text, "n=2");
  assert.deepEqual(bad.problems, [{ file: "a.yaml", line: 1, severity: "error", message: "bad" }]);
  assert.deepEqual(state.badFiles(), ["a.yaml"]);
  files.set("a.yaml", "n=2");
  await look(10);
  const repaired = await look(150);
  assert.equal(repaired.text, "-m");
  assert.deepEqual([repaired.problems, repaired.problemsChanged], [[], true]);
});

test("a bad file does not stop others", async () => {
  const { files, look } = folder();
  files.set("a.yaml", "!").set("b.yaml", "m=1");
  const change = await look(0);
  assert.equal(change.text, "m=1");
  assert.ok(change.problemsChanged);
  assert.equal((await look(10)).problemsChanged, false);
});

test("an emptied file deletes nothing", async () => {
  const { files, look } = folder();
  files.set("a.yaml", "m=1");
  await look(0);
  files.set("a.yaml", "");
  await look(10);
  const change = await look(150);
  assert.equal(change.text, "");
  assert.match(change.problems[0]?.message ?? "", /Delete the file/);
});

test("a model in two files counts once; when the first goes, the second takes over", async () => {
  const { files, look } = folder();
  files.set("a.yaml", "m=1").set("b.yaml", "m=2");
  const change = await look(0);
  assert.equal(change.text, "m=1");
  assert.deepEqual(change.problems, [
    {
      file: "b.yaml",
      line: 1,
      severity: "error",
      message: "m is also in a.yaml:1, which counts. Remove one of the two.",
    },
  ]);
  files.delete("a.yaml");
  await look(10);
  assert.equal((await look(400)).text, "m=2");
});

test("a renamed file is no deletion and no duplicate", async () => {
  const { files, look } = folder();
  files.set("a.yaml", "m=1");
  await look(0);
  files.delete("a.yaml");
  files.set("z.yaml", "m=1");
  await look(10);
  const change = await look(160);
  assert.deepEqual([change.gone, change.problems], [[], []]);
  assert.deepEqual((await look(400)).gone, []);
});
