import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { deliver } from "../../../../src/delivery/deliver.ts";
import { collect } from "../../../../src/storage/collect.ts";
import type { StorageClientOptions } from "../../../../src/storage/create-storage-client.ts";
import { pauseOf } from "../../../../src/storage/providers/github/rate-limit.ts";
import { readRange } from "../../../../src/storage/read-range.ts";
import { bytesContent, contentDigest, generatedContent } from "../../../../src/testing/content/index.ts";
import { type FakeGithub, type FakeGithubOptions, startFakeGithub } from "../../../../src/testing/fake-github/index.ts";
import { openGithub } from "../../../support/open-github.ts";
import { quickClock } from "../../../support/quick-clock.ts";
import { scratchDirectory } from "../../../support/scratch-directory.ts";
import { secretMark, watchSecrets } from "../../../support/secret-watch.ts";

const watch = watchSecrets();
const token = `ghp_${secretMark}`;
const stranger = `ghp_other_${secretMark}`;

async function startGithub(t: TestContext, options: FakeGithubOptions = {}): Promise<FakeGithub> {
  const github = await startFakeGithub({ tokens: { [token]: ["owner/private"], [stranger]: [] }, ...options });
  t.after(() => github.close());
  return github;
}

async function open(t: TestContext, github: FakeGithub, uri: string, options: Partial<StorageClientOptions> = {}) {
  const opened = await openGithub(github, uri, { logger: watch.logger, ...options });
  t.after(() => opened.client.close());
  return opened;
}

async function names(t: TestContext, github: FakeGithub, uri: string, own?: string): Promise<readonly string[]> {
  const { client, objectUri } = await open(t, github, uri, { secret: own === undefined ? {} : { token: own } });
  return (await collect(client.list(objectUri))).map(({ key }) => key);
}

async function text(t: TestContext, github: FakeGithub, uri: string): Promise<string> {
  const { client, objectUri } = await open(t, github, uri);
  return Buffer.from(await readRange(client, objectUri)).toString();
}

test("latest is GitHub's latest, else the release that is called so", async (t) => {
  const github = await startGithub(t);
  github.release("owner/models", "latest", { rolling: "x" }, { prerelease: true });
  assert.deepEqual(await names(t, github, "github://owner/models"), ["rolling"]);
  github.release("owner/models", "v1", { one: "x" });
  github.release("owner/models", "v2", { two: "x" });
  github.release("owner/models", "v3-beta", { three: "x" }, { prerelease: true });
  assert.deepEqual(await names(t, github, "github://owner/models"), ["two"]);
  assert.deepEqual(await names(t, github, "github://owner/models@v1"), ["one"]);
});

test("a tag with slashes is found as the repository has it", async (t) => {
  const github = await startGithub(t);
  github.release("owner/models", "pkg/v1.2", { "model.gguf": "weights" });
  assert.deepEqual(await names(t, github, "github://owner/models@pkg/v1.2"), ["model.gguf"]);
  assert.equal(await text(t, github, "github://owner/models@pkg/v1.2/model.gguf"), "weights");
  assert.equal(await text(t, github, "github://owner/models@pkg%2Fv1.2/model.gguf"), "weights");
  const error = await watch.rejection(names(t, github, "github://owner/models@other/v1"));
  assert.deepEqual([error.code, error.target], ["not_found", "github://owner/models@other/v1"]);
});

test("a release of several pages is delivered, every asset verified by GitHub's digest, the token kept", async (t) => {
  const github = await startGithub(t);
  github.createRepository("owner/private", { private: true });
  const weights = generatedContent({ seed: 4, size: 3_000_000 });
  const small = Object.fromEntries(Array.from({ length: 120 }, (_, index) => [`file-${index}`, `content ${index}`]));
  github.release("owner/private", "v1", { ...small, "weights.tar": weights });
  const destination = join(await scratchDirectory(t), "model");
  const env = { GITHUB_API_URL: github.url };
  const source = { storageUri: "github://owner/private@v1", secret: { token }, env };
  const result = await deliver({ source, destination, logger: watch.logger });
  assert.deepEqual([result.totals.files, result.totals.verifiedBySource], [121, 121]);
  const bytes = bytesContent(await readFile(join(destination, "weights.tar")));
  assert.equal(contentDigest(bytes, "sha256"), contentDigest(weights, "sha256"));
  assert.deepEqual(github.store.leaks, []);
  const assets = github.requests.filter(({ kind }) => kind === "asset");
  assert.equal(assets.length, 121, "one request for each asset");
  assert.ok(assets.every(({ accept, authorized }) => authorized && accept === "application/octet-stream"));
  assert.equal(github.requests.length - assets.length, 3, "the release and two pages");

  const again = await deliver({ source, destination, logger: watch.logger });
  assert.equal(again.unchanged, true);
});

test("an asset that is replaced is another one: the old one is gone, never mixed with the new", async (t) => {
  const github = await startGithub(t);
  github.release("owner/models", "v1", { file: "old" });
  const { client, objectUri } = await open(t, github, "github://owner/models@v1");
  const [before] = await collect(client.list(objectUri));
  assert.ok(before !== undefined);
  github.release("owner/models", "v1", { file: "new" });
  const error = await watch.rejection(readRange(client, before.uri, { pin: before }));
  assert.equal(error.code, "not_found");
  const [after] = await collect(client.list(objectUri));
  assert.ok(after !== undefined && after.version !== before.version);
  assert.equal(Buffer.from(await readRange(client, after.uri, { pin: after })).toString(), "new");
});

test("an upload that was never finished is no file of the release", async (t) => {
  const github = await startGithub(t);
  github.release("owner/models", "v1", { good: "x" });
  github.release("owner/models", "v1", { bad: "half" }, { unfinished: true });
  assert.deepEqual(await names(t, github, "github://owner/models@v1"), ["good"]);
  assert.ok(watch.messages.some((message) => /upload was never finished is left out/.test(message)));
});

test("refusals say who was refused, and what to do", async (t) => {
  const github = await startGithub(t);
  github.createRepository("owner/private", { private: true });
  github.release("owner/private", "v1", { file: "secret" });
  assert.deepEqual(await names(t, github, "github://owner/private@v1", token), ["file"]);
  const anonymous = await watch.rejection(names(t, github, "github://owner/private@v1"));
  assert.equal(anonymous.code, "not_found");
  assert.match(anonymous.hint, /a private repository needs a token\. Give a token in the Secret/);
  const other = await watch.rejection(names(t, github, "github://owner/private@v1", stranger));
  assert.match(other.message, /no such release of owner\/private that the token \(token in secret\) may see/);
  const unknown = await watch.rejection(names(t, github, "github://owner/private@v1", `ghp_revoked_${secretMark}`));
  assert.deepEqual([unknown.code, unknown.requestId], ["unauthenticated", "ABCD:1234"]);
  assert.match(unknown.message, /GitHub does not accept the token \(token in secret\)/);
});

test("an hourly limit that ends soon is waited for, one that does not is told with what to do", async (t) => {
  for (const [minute, waits] of [
    [58, true],
    [10, false],
  ] as const) {
    const clock = quickClock(1_800_000_000_000 + minute * 60_000);
    const github = await startGithub(t, { hourlyLimit: 1, clock: () => clock.time });
    github.release("owner/models", "v1", { file: "x" });
    const { client, objectUri } = await open(t, github, "github://owner/models@v1", { clock });
    if (waits) {
      assert.equal((await collect(client.list(objectUri, { maxResults: 1 }))).length, 1);
      assert.ok((clock.waits[0] ?? 0) >= 120_000);
      continue;
    }
    const error = await watch.rejection(collect(client.list(objectUri)));
    assert.deepEqual([error.code, error.retry], ["rate_limited", "exhausted"]);
    assert.match(error.message, /takes no more requests for 3\d{3} seconds/);
    assert.match(error.hint, /5,000 per hour/);
    assert.equal(github.requests.length, 1);
  }
});

test("a secondary limit without a time is waited for longer every time", async (t) => {
  const clock = quickClock();
  const github = await startGithub(t, {
    intercept: () => ({ status: 403, body: '{"message":"You have exceeded a secondary rate limit."}' }),
  });
  const { client, objectUri } = await open(t, github, "github://owner/models@v1", { clock, random: () => 0 });
  const error = await watch.rejection(collect(client.list(objectUri)));
  assert.deepEqual([error.code, error.attempts], ["rate_limited", 4]);
  assert.deepEqual(clock.waits.slice(0, 3), [5_000, 10_000, 20_000]);
});

test("the fields of the limits are read as GitHub documents them", () => {
  const now = 1_800_000_000_000;
  const at = (headers: Record<string, string>, status = 200) => pauseOf({ status, headers }, now);
  assert.equal(at({ "x-ratelimit-remaining": "7", "x-ratelimit-reset": "1800000060" }), undefined);
  assert.equal(at({ "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1800000060" }), 60_000);
  assert.equal(
    at({ "retry-after": "30", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1800000060" }, 403),
    30_000,
  );
  assert.equal(at({}, 429), undefined);
});
