import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import { deliver } from "../../../../src/delivery/deliver.ts";
import { systemClock } from "../../../../src/telemetry/clock.ts";
import { bytesContent, type Content, contentDigest, generatedModel } from "../../../../src/testing/content/index.ts";
import { type FakeGcsOptions, startFakeGcs } from "../../../../src/testing/fake-gcs/index.ts";
import { startTokenServices } from "../../../support/gcp/fake-token-services.ts";
import { createServiceAccount } from "../../../support/gcp/service-account.ts";
import { scratchDirectory } from "../../../support/scratch-directory.ts";
import { secretMark, watchSecrets } from "../../../support/secret-watch.ts";

const watch = watchSecrets();
const megabyte = 1024 * 1024;
const account = createServiceAccount();
const pem = JSON.parse(account.keyFile("https://x/")).private_key as string;
watch.secret(pem.split("\n")[3] ?? "");

async function house(t: TestContext, options: FakeGcsOptions & { readonly now?: () => number } = {}) {
  const { now = Date.now } = options;
  const server = await startFakeGcs({ buckets: ["models"], clock: now, ...options });
  const services = await startTokenServices({ now });
  t.after(() => Promise.all([server.close(), services.close()]));
  services.accounts.push(account);
  services.onToken = (token, email) => server.addToken({ token, email, expiresAt: now() + 3_600_000 });
  const destination = join(await scratchDirectory(t), "model");
  const put = (model: Readonly<Record<string, Content>>) =>
    Promise.all(Object.entries(model).map(([path, content]) => server.putObject("models", `llama/${path}`, content)));
  const request = {
    source: {
      storageUri: "gs://models/llama/",
      parameters: { endpoint: server.url },
      secret: { keyJson: account.keyFile(services.tokenUri) },
      env: { HOME: destination },
    },
    destination,
    logger: watch.logger,
  };
  return { server, services, destination, put, request };
}

async function assertDelivered(destination: string, model: Readonly<Record<string, Content>>): Promise<void> {
  for (const [path, content] of Object.entries(model)) {
    const found = contentDigest(bytesContent(await readFile(join(destination, path))), "sha256");
    assert.equal(found, contentDigest(content, "sha256"), path);
  }
}

test("a model is delivered and every file is verified by the service's own checksum", async (t) => {
  const { server, destination, put, request } = await house(t);
  const model = generatedModel({ seed: 3, shards: 3, shardSize: 2 * megabyte });
  await put(model);
  const count = Object.keys(model).length;
  const result = await deliver(request);
  assert.deepEqual([result.totals.files, result.totals.verifiedBySource], [count, count]);
  await assertDelivered(destination, model);
  assert.ok(
    server.requests.filter(({ media }) => media).every(({ parameters }) => parameters.has("generation")),
    "every read is pinned",
  );
  const again = await deliver(request);
  assert.deepEqual([again.unchanged, again.fetchedBytes], [true, 0]);
});

test("an object that is stored compressed arrives as it is stored, in ranges", async (t) => {
  const { server, destination, put, request } = await house(t);
  const model = generatedModel({ seed: 4, shards: 1, shardSize: megabyte });
  await put(model);
  const text = Buffer.from(JSON.stringify("weights ".repeat(3 * megabyte)));
  // Packed without being made smaller, so that it takes several ranges.
  const packed = gzipSync(text, { level: 0 });
  await server.putObject("models", "llama/vocab.json", packed, { contentEncoding: "gzip" });
  const result = await deliver(request);
  assert.equal(result.totals.verifiedBySource, result.totals.files);
  assert.ok(packed.equals(readFileSync(join(destination, "vocab.json"))));
  const reads = server.requests.filter(({ media, object }) => media && object === "llama/vocab.json");
  assert.ok(reads.length > 1 && reads.every(({ headers }) => headers["range"] !== undefined), `${reads.length} reads`);
  assert.ok(reads.every(({ headers }) => headers["accept-encoding"] === "gzip"));
});

test("tokens that end in the middle of a delivery are renewed, and nothing is fetched twice", async (t) => {
  const clock = { ...systemClock, now: () => Date.now() + passed };
  let passed = 0;
  let reads = 0;
  const { server, services, destination, put, request } = await house(t, {
    now: clock.now,
    intercept: ({ media }) => {
      reads += media ? 1 : 0;
      // Half a minute before the end of the token: reads that are under way are still served.
      if (reads % 80 === 0) passed += 59.5 * 60_000;
      return undefined;
    },
  });
  const model = generatedModel({ seed: 5, shards: 200, shardSize: 20_000 });
  await put(model);
  const result = await deliver({ ...request, clock });
  await assertDelivered(destination, model);
  assert.equal(
    result.fetchedBytes,
    Object.values(model).reduce((sum, { size }) => sum + size, 0),
  );
  const used = new Set(server.requests.map(({ headers }) => headers["authorization"]));
  assert.equal(used.size, services.requests.length);
  assert.ok(used.size >= 3, `${used.size} tokens`);
});

test("an object that is replaced while it is read is never mixed", async (t) => {
  let replace: (() => Promise<unknown>) | undefined;
  const { server, destination, put, request } = await house(t, {
    intercept: async ({ media, object }) => {
      const now = media && object.endsWith(".safetensors") ? replace : undefined;
      if (now !== undefined) replace = undefined;
      await now?.();
      return undefined;
    },
  });
  await put(generatedModel({ seed: 6, shards: 2, shardSize: megabyte }));
  const next = generatedModel({ seed: 7, shards: 2, shardSize: megabyte });
  replace = () => put(next);
  await deliver(request).catch((error: unknown) => watch.rejection(Promise.reject(error)));
  await deliver(request);
  await assertDelivered(destination, next);
  assert.ok(server.count("media") > 0);
});

test("no file of a delivery holds a secret", async (t) => {
  const { destination, put, request } = await house(t);
  await put(generatedModel({ seed: 8, shards: 1, shardSize: 10_000 }));
  await deliver(request);
  for (const name of readdirSync(destination, { recursive: true, encoding: "utf8" })) {
    const path = join(destination, name);
    if (statSync(path).isFile()) assert.ok(!readFileSync(path, "latin1").includes(secretMark), name);
  }
});
