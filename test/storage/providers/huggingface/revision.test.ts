import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { collect } from "../../../../src/storage/collect.ts";
import { readRange } from "../../../../src/storage/read-range.ts";
import { type FakeHub, startFakeHub } from "../../../../src/testing/fake-hub/index.ts";
import { openHub } from "../../../support/open-hub.ts";
import { watchSecrets } from "../../../support/secret-watch.ts";

const watch = watchSecrets();

async function startHub(t: TestContext): Promise<FakeHub> {
  const hub = await startFakeHub();
  t.after(() => hub.close());
  return hub;
}

async function listed(t: TestContext, hub: FakeHub, uri: string): Promise<Record<string, string | undefined>> {
  const { client, objectUri } = await openHub(hub, uri, { logger: watch.logger });
  t.after(() => client.close());
  const infos = await collect(client.list(objectUri));
  return Object.fromEntries(infos.map(({ key, version }) => [key, version]));
}

async function text(t: TestContext, hub: FakeHub, uri: string): Promise<string> {
  const { client, objectUri } = await openHub(hub, uri);
  t.after(() => client.close());
  return Buffer.from(await readRange(client, objectUri)).toString();
}

test("a branch, a tag, a pull request and a commit are read at their commit", async (t) => {
  const hub = await startHub(t);
  const repository = hub.createRepository("org/model");
  const first = repository.commit({ file: "first" }, "main");
  repository.refer("v1.0", first);
  const second = repository.commit({ file: "second" }, "main");
  const proposed = repository.commit({ file: "proposed" }, "refs/pr/1");
  for (const [revision, commit, content] of [
    ["", second, "second"],
    ["@main", second, "second"],
    ["@v1.0", first, "first"],
    [`@${first}`, first, "first"],
    ["@refs/pr/1", proposed, "proposed"],
  ] as const) {
    assert.equal((await listed(t, hub, `hf://org/model${revision}`))["file"], commit, revision);
    assert.equal(await text(t, hub, `hf://org/model${revision || "@main"}/file`), content, revision);
  }
});

test("what follows @ is a revision with a path, or a branch with slashes in its name, as the repository has it", async (t) => {
  const hub = await startHub(t);
  const repository = hub.createRepository("org/model");
  repository.commit({ file: "main" }, "main");
  repository.commit({ "x/file": "a path" }, "release");
  const feature = repository.commit({ file: "a branch", "dir/file": "below" }, "feature/x/y");

  assert.equal(await text(t, hub, "hf://org/model@release/x/file"), "a path");
  assert.equal(await text(t, hub, "hf://org/model@feature/x/y/file"), "a branch");
  assert.equal(await text(t, hub, "hf://org/model@feature%2Fx%2Fy/file"), "a branch");
  assert.deepEqual(await listed(t, hub, "hf://org/model@feature/x/y"), {
    ".gitattributes": feature,
    "dir/file": feature,
    file: feature,
  });
  assert.deepEqual(await listed(t, hub, "hf://org/model@feature/x/y/dir/"), { "dir/file": feature });
});

test("a revision that exists under no reading is named as it was written", async (t) => {
  const hub = await startHub(t);
  hub.commit("org/model", { file: "main" });
  const error = await watch.rejection(listed(t, hub, "hf://org/model@feature/x"));
  assert.equal(error.code, "not_found");
  assert.equal(error.serviceCode, "RevisionNotFound");
  assert.match(error.message, /list hf:\/\/org\/model@feature\/x: org\/model has no revision "feature"/);
  assert.match(error.hint, /Check the branch, tag or commit behind @/);
});

test("after a listing a client stays with its commit, and asks nothing more of the listing", async (t) => {
  const hub = await startHub(t);
  const repository = hub.createRepository("org/model");
  const files = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`dir/file-${index}`, `old ${index}`]));
  const first = repository.commit(files, "main");
  const { client, objectUri } = await openHub(hub, "hf://org/model");
  t.after(() => client.close());
  const infos = await collect(client.list(objectUri));
  repository.commit({ "dir/file-3": "new" }, "main");
  const before = hub.requests.length;
  for (const { uri } of infos) assert.equal((await client.stat(uri)).version, first);
  assert.equal(hub.count("info") + hub.count("tree"), before, "the commit and its tree were known");
  const again = await collect(client.list(objectUri));
  assert.notEqual(again[0]?.version, first);
});

test("files described one by one cost one listing of their directory", async (t) => {
  const hub = await startHub(t);
  const commit = hub.commit("org/model", { "dir/a": "a", "dir/b": "b", "dir/sub/c": "c", d: "d" });
  const { client, objectUri } = await openHub(hub, `hf://org/model@${commit}`);
  t.after(() => client.close());
  for (const key of ["dir/a", "dir/b", "dir/a"]) await client.stat({ ...objectUri, key });
  assert.equal(hub.count("tree"), 1);
  assert.match(hub.requests.find(({ kind }) => kind === "tree")?.target ?? "", /\/dir\?recursive=false/);
});
