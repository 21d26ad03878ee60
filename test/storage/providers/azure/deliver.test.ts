import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { deliver } from "../../../../src/delivery/deliver.ts";
import { systemClock } from "../../../../src/telemetry/clock.ts";
import { bytesContent, contentDigest, generatedModel } from "../../../../src/testing/content/index.ts";
import { startFakeAzure } from "../../../../src/testing/fake-azure/index.ts";
import { startAzureMetadata } from "../../../support/azure/fake-metadata.ts";
import { containerSas } from "../../../support/azure/sas.ts";
import { storageClaims } from "../../../support/azure/tokens.ts";
import { scratchDirectory } from "../../../support/scratch-directory.ts";
import { secretMark, watchSecrets } from "../../../support/secret-watch.ts";

const watch = watchSecrets();
const model = generatedModel({ seed: 11, shards: 3, shardSize: 1024 * 1024 });
const minute = 60_000;

async function digestOf(path: string): Promise<string> {
  return contentDigest(bytesContent(await readFile(path)), "sha256");
}

test("a model is delivered by key and by signature, verified with and without an MD5, and no secret is written", async (t) => {
  const server = await startFakeAzure({ containers: ["models"] });
  t.after(() => server.close());
  for (const [name, content] of Object.entries(model)) {
    const md5 = name === "model-00002-of-00003.safetensors" ? "none" : undefined;
    server.putBlob("models", `llama/${name}`, content, { md5 });
  }
  // Directories of accounts with a hierarchical namespace are listed as empty objects.
  for (const name of ["llama", "llama/original"]) {
    server.putBlob("models", name, "", { metadata: { hdi_isfolder: "true" } });
  }
  const sas = containerSas(server, "models", { permissions: "rl" });
  const secrets = [watch.secret(server.accountKey), watch.secret(new URLSearchParams(sas).get("sig") ?? "")];
  for (const secret of [{ accountKey: server.accountKey }, { token: sas }]) {
    const destination = join(await scratchDirectory(t), "model");
    const before = server.requests.length;
    const result = await deliver({
      source: {
        storageUri: "azure://testaccount/models/llama/",
        parameters: { endpoint: server.url },
        secret,
        env: { HOME: destination },
      },
      destination,
      logger: watch.logger,
    });
    assert.equal(result.provider, "azure");
    assert.deepEqual([result.totals.files, result.totals.verifiedBySource], [7, 7]);
    for (const [name, content] of Object.entries(model)) {
      assert.equal(await digestOf(join(destination, name)), contentDigest(content, "sha256"), name);
    }
    const kinds = server.requests.slice(before).map(({ operation }) => operation);
    assert.equal(kinds.filter((kind) => kind === "ListBlobs").length, 1, kinds.join(" "));
    const proof = await readFile(join(destination, ".model-agent/proof.json"), "utf8");
    for (const shown of [...secrets, "sig="]) assert.ok(!proof.includes(shown), "the proof holds no secret");
  }
});

test("an MD5 that does not hold is an error, and nothing is published under the name", async (t) => {
  const server = await startFakeAzure({ containers: ["models"] });
  t.after(() => server.close());
  for (const [name, content] of Object.entries(model)) server.putBlob("models", name, content);
  const shard = "model-00001-of-00003.safetensors";
  server.putBlob("models", shard, model[shard] ?? "", { md5: "wrong" });
  const destination = join(await scratchDirectory(t), "model");
  const source = {
    storageUri: "azure://testaccount/models/",
    parameters: { endpoint: server.url },
    secret: { accountKey: server.accountKey },
    env: { HOME: destination },
  };
  const error = await watch.rejection(deliver({ source, destination, logger: watch.logger }));
  assert.equal(error.code, "checksum_mismatch");
  await assert.rejects(readFile(join(destination, shard)));
});

test("tokens that end in the middle of a delivery are replaced without a byte being served twice", async (t) => {
  let skipped = 0;
  const clock = { ...systemClock, now: () => systemClock.now() + skipped };
  const metadata = await startAzureMetadata(clock);
  metadata.lifetimeMs = 60 * minute;
  let reads = 0;
  const tokens = new Set<string>();
  const server = await startFakeAzure({
    containers: ["models"],
    clock: () => clock.now(),
    bearer: (token) => {
      tokens.add(token);
      // What is under way when the clock leaps may be refused, and is then asked for with the new token.
      return storageClaims(token, clock.now()) === undefined ? undefined : "read";
    },
    onRequest: ({ operation }) => {
      if (operation !== "GetBlob") return;
      reads += 1;
      if (reads % 50 === 0) skipped += 59.5 * minute;
    },
  });
  t.after(() => Promise.all([server.close(), metadata.close()]));
  const files = Array.from({ length: 200 }, (_, index) => `part-${String(index).padStart(3, "0")}.bin`);
  for (const [index, name] of files.entries()) server.putBlob("models", `m/${name}`, Buffer.alloc(20_000, index + 1));
  const destination = join(await scratchDirectory(t), "model");
  const result = await deliver({
    source: {
      storageUri: "azure://testaccount/models/m/",
      parameters: { endpoint: server.url },
      env: { HOME: destination, AZURE_POD_IDENTITY_AUTHORITY_HOST: metadata.url },
    },
    destination,
    clock,
    logger: watch.logger,
  });
  assert.equal(result.totals.files, 200);
  assert.ok(tokens.size >= 3, `${tokens.size} tokens`);
  assert.equal(reads, 200, "each file was served once");
  for (const token of tokens) assert.ok(token.includes(secretMark));
});
