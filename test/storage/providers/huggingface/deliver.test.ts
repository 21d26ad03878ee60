import assert from "node:assert/strict";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { checkDelivery } from "../../../../src/delivery/check-delivery.ts";
import { deliver } from "../../../../src/delivery/deliver.ts";
import type { DeliveryRequest } from "../../../../src/delivery/delivery-types.ts";
import { bytesContent, type Content, contentDigest, generatedModel } from "../../../../src/testing/content/index.ts";
import { type FakeHub, type FakeHubOptions, startFakeHub } from "../../../../src/testing/fake-hub/index.ts";
import { parseUri } from "../../../../src/uri/parse-uri.ts";
import { scratchDirectory } from "../../../support/scratch-directory.ts";
import { secretMark, watchSecrets } from "../../../support/secret-watch.ts";

const watch = watchSecrets();
const token = `hf_${secretMark}`;
const megabyte = 1024 * 1024;

async function startHub(t: TestContext, options: FakeHubOptions = {}): Promise<FakeHub> {
  const tokens = [{ token, user: "alice", grants: ["org/model"] }];
  const hub = await startFakeHub({ tokens, ...options });
  t.after(() => hub.close());
  return hub;
}

function request(hub: FakeHub, destination: string, more: Partial<DeliveryRequest> = {}): DeliveryRequest {
  return {
    source: { storageUri: "hf://org/model", secret: { token }, env: { HOME: destination, HF_ENDPOINT: hub.url } },
    destination,
    logger: watch.logger,
    ...more,
  };
}

async function digestOf(path: string): Promise<string> {
  return contentDigest(bytesContent(await readFile(path)), "sha256");
}

test("a private model is delivered and every file is verified by the Hub's own digest, with few requests", async (t) => {
  const hub = await startHub(t, { pageSize: 3 });
  const repository = hub.createRepository({ name: "org/model", private: true });
  const model = generatedModel({ seed: 3, shards: 4, shardSize: 3 * megabyte });
  const commit = repository.commit(model, "main");
  const destination = join(await scratchDirectory(t), "model");

  const result = await deliver(request(hub, destination));
  assert.equal(result.revision, commit);
  assert.deepEqual([result.totals.files, result.totals.verifiedBySource], [9, 9]);
  const shard = "model-00002-of-00004.safetensors";
  const content = model[shard];
  assert.ok(content !== undefined);
  assert.equal(await digestOf(join(destination, shard)), contentDigest(content, "sha256"));
  // One for the commit, three pages; one HEAD for each shard, one GET for each small file.
  assert.deepEqual([hub.count("info"), hub.count("tree"), hub.count("resolve")], [1, 3, 4 + 5]);
  assert.deepEqual(hub.store.leaks, [], "the token stays at the Hub");
  assert.ok(hub.requests.every(({ userAgent }) => userAgent === "model-agent"));

  const proof = await readFile(join(destination, ".model-agent/proof.json"), "utf8");
  assert.doesNotMatch(proof, new RegExp(`${secretMark}|Signature|${hub.store.url}`));

  const before = hub.requests.length;
  const again = await deliver(request(hub, destination));
  assert.deepEqual([again.unchanged, again.fetchedBytes], [true, 0]);
  assert.equal(hub.requests.length - before, 4, "the commit and its listing, and nothing else");
});

test("[F37] a branch that moves in the middle of a delivery does not mix two commits", async (t) => {
  let moved = false;
  let push = (): void => {};
  const hub = await startHub(t, {
    interceptStore: () => {
      if (!moved) push();
      moved = true;
      return undefined;
    },
  });
  const model = generatedModel({ seed: 5, shards: 3, shardSize: megabyte });
  const commit = hub.commit("org/model", model);
  push = () => void hub.commit("org/model", generatedModel({ seed: 6, shards: 3, shardSize: megabyte }));
  const destination = join(await scratchDirectory(t), "model");

  const result = await deliver(request(hub, destination));
  assert.ok(moved);
  assert.equal(result.revision, commit);
  for (const [path, content] of Object.entries(model)) {
    assert.equal(await digestOf(join(destination, path)), contentDigest(content, "sha256"), path);
  }
  const next = await deliver(request(hub, destination));
  assert.notEqual(next.revision, commit);
  assert.equal(next.unchanged, false);
});

test("a new commit moves what it changed and nothing else", async (t) => {
  const hub = await startHub(t);
  const model = generatedModel({ seed: 7, shards: 3, shardSize: megabyte });
  hub.commit("org/model", model);
  const destination = join(await scratchDirectory(t), "model");
  await deliver(request(hub, destination));
  const shard = "model-00003-of-00003.safetensors";
  const before = await stat(join(destination, shard));
  const commit = hub.commit("org/model", { "README.md": "new" });

  const result = await deliver(request(hub, destination));
  assert.equal(result.revision, commit);
  assert.equal((await stat(join(destination, shard))).ino, before.ino);
  assert.ok(result.fetchedBytes < megabyte, "no shard was fetched again");
});

test("[F26] signed addresses that expire in the middle of a file are asked for again, and the rest continues", async (t) => {
  let skewMs = 0;
  const hub = await startHub(t, { clock: () => Date.now() + skewMs });
  const size = 24 * megabyte;
  const path = "model-00001-of-00001.safetensors";
  const model = generatedModel({ seed: 8, shards: 1, shardSize: size });
  const whole = model[path];
  assert.ok(whole !== undefined);
  let armed = false;
  const content: Content = {
    size: whole.size,
    read: (offset, target) => {
      if (armed && offset > size * 0.3) {
        armed = false;
        skewMs = 7200_000;
        throw new Error("the connection ends here");
      }
      whole.read(offset, target);
    },
  };
  hub.commit("org/model", { ...model, [path]: content });
  armed = true;
  const destination = join(await scratchDirectory(t), "model");

  const result = await deliver(request(hub, destination));
  const answers = hub.store.requests.map(({ status, range }) => [status, Number(/=(\d+)-/.exec(range ?? "")?.[1])]);
  assert.deepEqual(answers[0]?.[0], 206);
  const refused = answers.findIndex(([status]) => status === 403);
  assert.ok(refused > 0, "the old address was tried and refused");
  assert.ok((answers.at(-1)?.[1] ?? 0) > size * 0.2, "it continued where it was");
  assert.equal(hub.requests.filter(({ kind, method }) => kind === "resolve" && method === "HEAD").length, 2);
  assert.equal(result.totals.verifiedBySource, result.totals.files);
  assert.ok(result.fetchedBytes < size * 1.2, `${result.fetchedBytes} bytes were fetched for ${size}`);
  assert.equal(await digestOf(join(destination, path)), contentDigest(whole, "sha256"));
});

test("a gated model is refused before anything lies at the destination, and the error says what to accept where", async (t) => {
  const hub = await startHub(t);
  hub
    .createRepository({ name: "org/closed", gated: "manual" })
    .commit({ "config.json": "{}", "a.safetensors": "x" }, "main");
  const destination = join(await scratchDirectory(t), "model");
  const source = { storageUri: "hf://org/closed", secret: { token }, env: { HOME: destination, HF_ENDPOINT: hub.url } };

  const error = await watch.rejection(deliver(request(hub, destination, { source })));
  assert.equal(error.code, "permission_denied");
  assert.equal(error.serviceCode, "GatedRepo");
  assert.match(error.hint, new RegExp(`Open ${hub.url}/org/closed with that account and accept`));
  await assert.rejects(stat(destination), { code: "ENOENT" });
});

test("[F25] a limit on resolve addresses is waited for by listing and engine alike", async (t) => {
  const hub = await startHub(t, { limits: { resolvers: { requests: 5, windowSeconds: 1 } } });
  const small = Object.fromEntries(
    Array.from({ length: 12 }, (_, index) => [`notes-${index}.txt`, `content ${index}`]),
  );
  hub.commit("org/model", { ...generatedModel({ seed: 9, shards: 2, shardSize: 1000 }), ...small });
  const destination = join(await scratchDirectory(t), "model");
  const startedAt = performance.now();
  const result = await deliver(request(hub, destination));
  assert.equal(result.totals.verifiedBySource, result.totals.files);
  assert.ok(performance.now() - startedAt > 2_000, "19 files at 5 per second");
  const refused = hub.limits.refused.get("resolvers") ?? 0;
  assert.ok(refused < 60, `${refused} refused requests`);
});

test("[F25] what is proven stays proven while the Hub refuses everything", async (t) => {
  let refusing = false;
  const hub = await startHub(t, {
    intercept: () => (refusing ? { status: 429, body: "<html>429</html>" } : undefined),
  });
  hub.commit("org/model", { "config.json": "{}" });
  const destination = join(await scratchDirectory(t), "model");
  await deliver(request(hub, destination));
  refusing = true;
  const before = hub.requests.length;
  const state = await checkDelivery({ destination, uri: parseUri("hf://org/model") });
  assert.deepEqual([state.state, hub.requests.length], ["proven", before]);
});

test("offline, what was proven is used, and what was not is refused with the way out", async (t) => {
  const hub = await startHub(t);
  hub.commit("org/model", { "config.json": "{}" });
  const destination = join(await scratchDirectory(t), "model");
  await deliver(request(hub, destination));
  const before = hub.requests.length;
  const offline = (uri: string, place: string) => {
    const env = { HOME: destination, HF_ENDPOINT: hub.url, HF_HUB_OFFLINE: "true" };
    return deliver(request(hub, place, { source: { storageUri: uri, env } }));
  };
  const result = await offline("hf://org/model", destination);
  assert.deepEqual([result.unchanged, result.totals.files], [true, 2]);
  assert.ok(watch.messages.includes("warn the source may not be asked: what was proven before is used"));
  for (const [uri, place] of [
    ["hf://org/other", destination],
    ["hf://org/model", `${destination}-2`],
  ] as const) {
    const error = await watch.rejection(offline(uri, place));
    assert.deepEqual([error.code, error.retry], ["unavailable", "permanent"]);
  }
  assert.equal(hub.requests.length, before);
});

test("a source that fails does not make an old model the newest", async (t) => {
  let down = false;
  const hub = await startHub(t, { intercept: () => (down ? { status: 404, body: "" } : undefined) });
  hub.commit("org/model", { "config.json": "{}" });
  const destination = join(await scratchDirectory(t), "model");
  await deliver(request(hub, destination));
  down = true;
  const error = await watch.rejection(deliver(request(hub, destination)));
  assert.equal(error.code, "not_found");
  assert.equal(await readFile(join(destination, "config.json"), "utf8"), "{}");
});
