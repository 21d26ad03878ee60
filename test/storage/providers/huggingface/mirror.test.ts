import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { deliver } from "../../../../src/delivery/deliver.ts";
import { collect } from "../../../../src/storage/collect.ts";
import { bytesContent, type Content, contentDigest, generatedModel } from "../../../../src/testing/content/index.ts";
import {
  type FakeHub,
  type FakeHubOptions,
  type FakeHubQuirks,
  startFakeHub,
} from "../../../../src/testing/fake-hub/index.ts";
import { openHub } from "../../../support/open-hub.ts";
import { scratchDirectory } from "../../../support/scratch-directory.ts";
import { secretMark, watchSecrets } from "../../../support/secret-watch.ts";

const watch = watchSecrets();
const token = `hf_${secretMark}`;
const shard = "model-00001-of-00002.safetensors";
const model = generatedModel({ seed: 11, shards: 2, shardSize: 2 * 1024 * 1024 });

async function startMirror(t: TestContext, quirks: FakeHubQuirks, options: FakeHubOptions = {}): Promise<FakeHub> {
  const hub = await startFakeHub({ quirks, tokens: [{ token, user: "alice" }], ...options });
  t.after(() => hub.close());
  hub.commit("org/model", model);
  return hub;
}

async function delivered(t: TestContext, hub: FakeHub) {
  const destination = join(await scratchDirectory(t), "model");
  const env = { HOME: destination, HF_ENDPOINT: hub.url };
  const source = { storageUri: "hf://org/model", secret: { token }, env };
  const result = await deliver({ source, destination, logger: watch.logger });
  for (const [path, content] of Object.entries(model)) {
    const bytes = bytesContent(await readFile(join(destination, path)));
    assert.equal(contentDigest(bytes, "sha256"), contentDigest(content, "sha256"), path);
  }
  return result;
}

const mirrors: Readonly<Record<string, FakeHubQuirks>> = {
  "has no X-Repo-Commit": { noRepoCommit: true },
  "answers HEAD without Content-Length": { headWithoutLength: true, noRedirects: true },
  "says that linked files have 0 bytes": { zeroLinkedSize: true },
  "names no linked file": { noLinkedHeaders: true },
  "refuses HEAD": { headStatus: 405 },
  "answers HEAD with 404": { headStatus: 404 },
  "has files in Xet storage and none of its endpoints": { xet: true },
  "has no revision API": { noRevisionApi: true },
  "has no error codes": { noErrorCodes: true },
  "pages its listing at the Hub's own address": { foreignLinks: true },
  "redirects small files to a path of its own": { relativeRedirects: true },
  "lists large files as small ones": { unmarkedLfs: true },
};

for (const [name, quirks] of Object.entries(mirrors)) {
  test(`[F24] a model is delivered whole and verified from a mirror that ${name}`, async (t) => {
    const hub = await startMirror(t, quirks, { pageSize: 3 });
    const { totals } = await delivered(t, hub);
    assert.deepEqual(totals.verifiedBySource, totals.files);
    assert.deepEqual(hub.store.leaks, []);
  });
}

test("a mirror that tells the commit nowhere is read with a warning, its files held to the listing's digests", async (t) => {
  const hub = await startMirror(t, { noRevisionApi: true, noRepoCommit: true });
  const result = await delivered(t, hub);
  assert.equal(result.revision, undefined);
  assert.equal(result.totals.verifiedBySource, result.totals.files);
  assert.ok(watch.messages.some((message) => message.startsWith("warn the mirror does not tell the commit")));
});

test("a mirror that serves another file than it lists is found out before its bytes are read", async (t) => {
  const hub = await startMirror(t, {});
  const { client, objectUri } = await openHub(hub, "hf://org/model");
  t.after(() => client.close());
  const info = (await collect(client.list(objectUri))).find(({ key }) => key === shard);
  assert.ok(info !== undefined);
  for (const pin of [
    { ...info, etag: `"${"0".repeat(64)}"` },
    { ...info, size: info.size + 1 },
  ]) {
    const error = await watch.rejection(client.locate(info.uri, { pin }));
    assert.equal(error.code, "precondition_failed");
    assert.match(error.message, /the file that the Hub leads to is not the one of its listing/);
  }
  assert.equal(hub.store.requests.length, 0);
});

test("bytes that are not those of the digest are refused, whatever the mirror says", async (t) => {
  const content = model[shard];
  assert.ok(content !== undefined);
  let wrong = false;
  const changed: Content = {
    size: content.size,
    read: (offset, target) => {
      content.read(offset, target);
      if (wrong && target.length > 0) target[target.length - 1] = (target[target.length - 1] ?? 0) ^ 1;
    },
  };
  const hub = await startMirror(t, { noRedirects: true, noLinkedHeaders: true });
  hub.commit("org/model", { [shard]: changed });
  wrong = true;
  const error = await watch.rejection(delivered(t, hub));
  assert.equal(error.code, "checksum_mismatch");
});

test("listings of a mirror are not taken at their word, those of the Hub are", async (t) => {
  const hub = await startMirror(t, { unmarkedLfs: true });
  const { client, objectUri } = await openHub(hub, "hf://org/model");
  t.after(() => client.close());
  const listed = (await collect(client.list(objectUri))).find(({ key }) => key === shard);
  assert.ok(listed !== undefined);
  assert.deepEqual(
    [listed.digestsFinal, listed.digests[0]?.algorithm, listed.digests[0]?.confidence],
    [false, "git-sha1", "inferred"],
  );
  const { digests, digestsFinal } = await client.stat(listed.uri);
  const content = model[shard];
  assert.ok(content !== undefined);
  const value = contentDigest(content, "sha256");
  assert.deepEqual(
    [digests, digestsFinal],
    [[{ kind: "full", algorithm: "sha256", value, confidence: "stated" }], true],
  );
});
