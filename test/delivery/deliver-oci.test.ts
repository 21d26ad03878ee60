import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { deliver } from "../../src/delivery/deliver.ts";
import type { DeliveryRequest } from "../../src/delivery/delivery-types.ts";
import { readProof } from "../../src/store/proof.ts";
import { systemClock } from "../../src/telemetry/clock.ts";
import {
  bytesContent,
  type Content,
  contentDigest,
  generatedContent,
  generatedModel,
} from "../../src/testing/content/index.ts";
import { type FakeOci, type FakeOciOptions, startFakeOci } from "../../src/testing/fake-oci/index.ts";
import { createTestUser, knownKey } from "../support/oci/api-key.ts";
import { startIdentityService } from "../support/oci/fake-identity-service.ts";
import { startOciMetadata } from "../support/oci/fake-instance-metadata.ts";
import { secretOf } from "../support/oci/open-oci.ts";
import { scratchDirectory } from "../support/scratch-directory.ts";
import { watchSecrets } from "../support/secret-watch.ts";

const watch = watchSecrets();
const mebibyte = 1024 * 1024;
const user = createTestUser();
const model = generatedModel({ seed: 11, shards: 2, shardSize: 22 * mebibyte });

async function start(t: TestContext, options: FakeOciOptions = {}): Promise<FakeOci> {
  const server = await startFakeOci({ buckets: ["models"], keys: [knownKey(user)], ...options });
  t.after(() => server.close());
  return server;
}

function request(server: FakeOci, destination: string, more: Partial<DeliveryRequest> = {}): DeliveryRequest {
  return {
    source: {
      storageUri: "oci://n/testspace/b/models/o/llama",
      parameters: { endpoint: server.url, region: "us-ashburn-1" },
      secret: secretOf(user),
      env: { HOME: "/nonexistent" },
    },
    destination,
    logger: watch.logger,
    ...more,
  };
}

async function assertDelivered(destination: string, files: Readonly<Record<string, Content>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    const bytes = await readFile(join(destination, path));
    const found = contentDigest({ size: bytes.length, read: (at, target) => void bytes.copy(target, 0, at) }, "sha256");
    assert.equal(found, contentDigest(content, "sha256"), path);
  }
}

test("a model is proven by whatever its uploads left: MD5, composite MD5 of parts, CRC32C of the whole", async (t) => {
  const server = await start(t);
  for (const [index, seed] of [
    {},
    { partSize: 10 * mebibyte },
    { partSize: 10 * mebibyte, checksum: "CRC32C" },
    { partSize: 10 * mebibyte, checksum: "SHA256" },
  ].entries()) {
    for (const [path, content] of Object.entries(model))
      await server.putObject("models", `kind${index}/${path}`, content, seed as never);
    const destination = join(await scratchDirectory(t), "m");
    const base = request(server, destination);
    const source = { ...base.source, storageUri: `oci://models/kind${index}` } as DeliveryRequest["source"];
    const result = await deliver({ ...base, source });
    const proof = await readProof(destination);
    const detail = JSON.stringify(proof?.files.map(({ path, verification }) => [path, verification]));
    assert.equal(result.totals.verifiedBySource, Object.keys(model).length, detail);
    await assertDelivered(destination, model);
    const shard = proof?.files.find(({ path }) => path.endsWith(".safetensors"))?.verification;
    const kinds = ["full md5", "composite md5", "full crc32c", "composite sha256"];
    assert.equal(shard?.by === "source" && `${shard.kind} ${shard.algorithm}`, kinds[index], detail);
  }
});

test("a second delivery fetches nothing, a changed object only itself", async (t) => {
  let reads = 0;
  const server = await start(t, {
    onAnswer: ({ request: { operation }, status }) => {
      if (operation === "GetObject" && status < 300) reads += 1;
    },
  });
  for (const [path, content] of Object.entries(model)) await server.putObject("models", `llama/${path}`, content);
  const destination = join(await scratchDirectory(t), "m");
  await deliver(request(server, destination));
  reads = 0;
  const again = await deliver(request(server, destination));
  assert.deepEqual([again.unchanged, again.fetchedBytes, reads], [true, 0, 0]);
  const changed = bytesContent('{"model_type":"llama","changed":true}');
  await server.putObject("models", "llama/tokenizer_config.json", changed);
  const third = await deliver(request(server, destination));
  assert.equal(third.fetchedBytes, changed.size);
  await assertDelivered(destination, { ...model, "tokenizer_config.json": changed });
});

test("session tokens that end during the download are renewed, and no byte is fetched twice", async (t) => {
  let late = 0;
  const clock = { ...systemClock, now: () => Date.now() + late };
  const metadata = await startOciMetadata(t, clock);
  const service = await startIdentityService(t, clock);
  let sent = 0;
  const server = await start(t, {
    clock: clock.now,
    tokenIssuer: service.issuer,
    onAnswer: ({ request: { operation }, sentBytes }) => {
      if (operation !== "GetObject") return;
      sent += sentBytes;
      // A third of the model later, the token has ended.
      late = Math.floor(sent / (8 * mebibyte)) * (service.lifetimeMs + 60_000);
    },
  });
  const parts = [0, 1, 2, 3].map((index) => [
    `data-${index}.bin`,
    generatedContent({ seed: index, size: 6 * mebibyte }),
  ]);
  const files: Record<string, Content> = { "config.json": bytesContent("{}"), ...Object.fromEntries(parts) };
  for (const [path, content] of Object.entries(files)) await server.putObject("models", `llama/${path}`, content);
  const destination = join(await scratchDirectory(t), "m");
  const base = request(server, destination);
  const env = {
    HOME: "/nonexistent",
    OCI_METADATA_BASE_URL: metadata.baseUrl,
    OCI_SDK_AUTH_CLIENT_REGION_URL: service.origin,
  };
  const source = { ...base.source, secret: {}, env } as DeliveryRequest["source"];
  const result = await deliver({ ...base, source, clock, maxConnections: 1 });
  for (const token of service.tokens) watch.secret(token);
  assert.ok(service.tokens.length >= 3, `${service.tokens.length} logins`);
  assert.equal(result.fetchedBytes, 24 * mebibyte + 2);
  assert.ok(sent < 25 * mebibyte, String(sent));
  await assertDelivered(destination, files);
});

test("a pre-authenticated request delivers a model, and its token is in no file of it", async (t) => {
  const server = await start(t);
  for (const [path, content] of Object.entries(model)) await server.putObject("models", `llama/${path}`, content);
  const grant = watch.secret(server.createPreauthenticatedRequest({ bucket: "models", prefix: "llama/", lists: true }));
  const token = /\/p\/([^/]+)\//.exec(grant)?.[1] ?? grant;
  watch.secret(token);
  const destination = join(await scratchDirectory(t), "m");
  const base = request(server, destination);
  const secret = { preauthenticatedRequest: grant };
  const source = {
    ...base.source,
    storageUri: "oci://models/llama/",
    parameters: {},
    secret,
  } as DeliveryRequest["source"];
  await deliver({ ...base, source });
  await assertDelivered(destination, model);
  for (const name of await readdir(join(destination, ".model-agent"))) {
    assert.ok(!(await readFile(join(destination, ".model-agent", name))).includes(token), name);
  }
});

test("an archived shard is refused before anything is fetched of it", async (t) => {
  const server = await start(t);
  for (const [path, content] of Object.entries(model)) {
    const storageTier = path.endsWith("00002.safetensors") ? "Archive" : "Standard";
    await server.putObject("models", `llama/${path}`, content, { storageTier });
  }
  const destination = join(await scratchDirectory(t), "m");
  const error = await watch.rejection(deliver(request(server, destination)));
  assert.equal(error.code, "unsupported");
  assert.match(error.message, /archived.*oci os object restore/);
});

test("parts of an unusual size are found on disk, and what the uploader noted of the whole decides the rest", async (t) => {
  const server = await start(t);
  const files: Record<string, Content> = {};
  for (const [index, [partSize, noted]] of (
    [
      [8 * mebibyte, false],
      // 8 MiB give as many parts.
      [9 * mebibyte, false],
      // Nobody guesses this one.
      [7 * mebibyte + 4096, true],
    ] as const
  ).entries()) {
    const content = generatedContent({ seed: 20 + index, size: 30 * mebibyte });
    files[`data-${index}.bin`] = content;
    const md5 = Buffer.from(contentDigest(content, "md5"), "hex").toString("base64");
    const metadata = noted ? { md5 } : {};
    await server.putObject("models", `llama/data-${index}.bin`, content, { partSize, metadata });
  }
  const destination = join(await scratchDirectory(t), "m");
  const result = await deliver(request(server, destination));
  assert.equal(result.totals.verifiedBySource, 3);
  assert.equal(result.fetchedBytes, 90 * mebibyte, "nothing was fetched twice");
  await assertDelivered(destination, files);
});

test("a damaged object with a composite digest of unknown part size is not accepted as right", async (t) => {
  const server = await start(t);
  const content = generatedContent({ seed: 5, size: 30 * mebibyte });
  // Uploaded in parts that nobody would guess: good bytes, a digest that cannot be matched.
  await server.putObject("models", "llama/model.bin", content, { partSize: 7 * mebibyte + 4096 });
  const destination = join(await scratchDirectory(t), "m");
  const result = await deliver(request(server, destination));
  assert.deepEqual(result.totals, { files: 1, bytes: 30 * mebibyte, verifiedBySource: 0, verifiedBySize: 1 });
  await assertDelivered(destination, { "model.bin": content });
});
