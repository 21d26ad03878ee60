import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import {
  downloadFile,
  fileDownloadInfo,
  HubApiError,
  listFiles,
  modelInfo,
  snapshotDownload,
  whoAmI,
} from "@huggingface/hub";
import { contentDigest, generatedContent } from "../../../src/testing/content/index.ts";
import { startFakeHub } from "../../../src/testing/fake-hub/index.ts";

const hub = await startFakeHub({
  pageSize: 2,
  tokens: [
    { token: "hf_granted", user: "alice", grants: ["org/gated"] },
    { token: "hf_other", user: "bob" },
  ],
});
after(() => hub.close());
const weights = generatedContent({ seed: 1, size: 300_000 });
const commit = hub.commit("org/model", {
  "config.json": "{}",
  "model.safetensors": weights,
  "sub/directory/tokenizer.json": '{"a":1}',
});
hub.createRepository({ name: "org/gated", gated: "manual" }).commit({ "config.json": "{}" }, "main");
const hubUrl = hub.url;

test("Hugging Face's own client lists every page, with sizes and digests", async () => {
  const entries = [];
  for await (const entry of listFiles({ repo: "org/model", recursive: true, hubUrl })) entries.push(entry);
  const files = entries.filter(({ type }) => type === "file").map(({ path }) => path);
  assert.deepEqual(files.sort(), [
    ".gitattributes",
    "config.json",
    "model.safetensors",
    "sub/directory/tokenizer.json",
  ]);
  const large = entries.find(({ path }) => path === "model.safetensors");
  assert.equal(large?.lfs?.oid, contentDigest(weights, "sha256"));
  assert.equal(large?.size, 300_000);
  const small = entries.find(({ path }) => path === "config.json");
  assert.equal(small?.oid, "9e26dfeeb6e641a33dae4961196235bdb965b21b");
});

test("Hugging Face's own client reads small and large files, and ranges", async () => {
  const small = await downloadFile({ repo: "org/model", path: "config.json", hubUrl });
  assert.equal(await small?.text(), "{}");
  const info = await fileDownloadInfo({ repo: "org/model", path: "model.safetensors", hubUrl });
  assert.equal(info?.size, 300_000);
  const blob = await downloadFile({ repo: "org/model", path: "model.safetensors", hubUrl });
  const bytes = new Uint8Array((await blob?.arrayBuffer()) ?? new ArrayBuffer());
  const expected = new Uint8Array(300_000);
  weights.read(0, expected);
  assert.ok(Buffer.from(bytes).equals(expected));
  assert.deepEqual(hub.store.leaks, []);
});

test("Hugging Face's own client brings a snapshot into its cache", async (t) => {
  t.mock.method(console, "debug", () => {});
  const cacheDir = await mkdtemp(join(tmpdir(), "model-agent-test-"));
  t.after(() => rm(cacheDir, { recursive: true, force: true }));
  const path = await snapshotDownload({ repo: "org/model", cacheDir, hubUrl });
  assert.ok(path.endsWith(`snapshots/${commit}`));
  assert.equal(await readFile(join(path, "sub/directory/tokenizer.json"), "utf8"), '{"a":1}');
});

test("Hugging Face's own client is told who may not read what", async () => {
  assert.equal((await modelInfo({ name: "org/model", hubUrl, additionalFields: ["sha"] })).sha, commit);
  const who = await whoAmI({ accessToken: "hf_granted", hubUrl });
  assert.equal(who.name, "alice");
  const read = (accessToken: string | undefined) =>
    downloadFile({
      repo: "org/gated",
      path: "config.json",
      hubUrl,
      ...(accessToken === undefined ? {} : { accessToken }),
    });
  assert.equal(await (await read("hf_granted"))?.text(), "{}");
  const status = async (work: Promise<unknown>) =>
    work.then(
      () => 200,
      (error: unknown) => (error instanceof HubApiError ? error.statusCode : String(error)),
    );
  assert.equal(await status(read("hf_other")), 403);
  assert.equal(await status(read(undefined)), 401);
  assert.equal(await status(read("hf_unknown")), 401);
  assert.equal(await status(modelInfo({ name: "org/missing", hubUrl })), 401);
  assert.equal(await status(modelInfo({ name: "org/model", revision: "nope", hubUrl })), 404);
});
