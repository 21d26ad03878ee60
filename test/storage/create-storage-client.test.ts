import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { collect } from "../../src/storage/collect.ts";
import { createStorageClient, type StorageClientOptions } from "../../src/storage/create-storage-client.ts";
import { flag, wholeNumber } from "../../src/storage/parameter-types.ts";
import { defineProvider, type OpenContext, type ProviderDefinition } from "../../src/storage/provider-definition.ts";
import { createProviderRegistry } from "../../src/storage/provider-registry.ts";
import { MemoryStorage } from "../../src/storage/providers/memory/client.ts";
import { createMemoryProvider } from "../../src/storage/providers/memory/definition.ts";
import { MemoryStore } from "../../src/storage/providers/memory/memory-store.ts";
import { type LogFields, silentLogger } from "../../src/telemetry/logger.ts";
import { expectError } from "../../src/testing/conformance/index.ts";
import { parseUri } from "../../src/uri/parse-uri.ts";

/** A plug-in that remembers what it was opened with. */
function recordingProvider(contexts: OpenContext[] = []): ProviderDefinition {
  return defineProvider({
    name: "depot",
    title: "Model depot",
    uriProviders: ["plugin"],
    schemes: ["depot"],
    parameters: z.strictObject({
      auth: z.enum(["none", "key"]).default("none"),
      region: z.string().optional(),
      verify: flag().default(true),
      retries: wholeNumber(0, 10).default(3),
    }),
    authType: ({ parameters }) => parameters.auth,
    open: async (context) => {
      contexts.push(context);
      return new MemoryStorage(new MemoryStore());
    },
  });
}

async function open(options: Partial<StorageClientOptions>, contexts: OpenContext[] = []) {
  const registry = createProviderRegistry([recordingProvider(contexts)]);
  return createStorageClient({ storageUri: "depot://shelf/llama/", env: {}, registry, ...options });
}

test("opens the provider of the URI and says so at debug level", async () => {
  const lines: [LogFields, string][] = [];
  const logger = { ...silentLogger, debug: (fields: LogFields, message: string) => void lines.push([fields, message]) };
  const { client, provider, objectUri } = await open({ logger, parameters: { auth: "key" } });
  assert.ok(client instanceof MemoryStorage);
  assert.equal(provider, "depot");
  assert.deepEqual(objectUri, { provider: "plugin", scheme: "depot", authority: "shelf", key: "llama/" });
  assert.deepEqual(lines, [[{ provider: "depot", uri: "depot://shelf/llama/", auth: "key" }, "storage opened"]]);
});

test("takes a URI that was parsed already", async () => {
  const storageUri = parseUri("memory://bucket/prefix/");
  const { objectUri, provider } = await createStorageClient({ storageUri, env: {} });
  assert.equal(provider, "memory");
  assert.equal(objectUri, storageUri);
});

test("hands parameters over converted, with defaults, from text as from code", async () => {
  const contexts: OpenContext[] = [];
  await open({ parameters: { verify: "false", retries: "7", region: undefined } }, contexts);
  await open({ parameters: { verify: false, retries: 7 } }, contexts);
  await open({}, contexts);
  assert.deepEqual(
    contexts.map((context) => context.parameters),
    [
      { auth: "none", verify: false, retries: 7 },
      { auth: "none", verify: false, retries: 7 },
      { auth: "none", verify: true, retries: 3 },
    ],
  );
});

test("takes the parameters that all providers have, and keeps them from the provider", async () => {
  const contexts: OpenContext[] = [];
  const parameters = {
    include: "*.json, *.{safetensors,txt}",
    exclude: ["a"],
    weights: "auto",
    httpsProxy: "http://proxy.example:3128",
    noProxy: ".internal",
    secretKey: "key",
  };
  await open({ parameters, env: { HTTPS_PROXY: "http://other.example" } }, contexts);
  assert.deepEqual(contexts[0]?.parameters, { auth: "none", verify: true, retries: 3 });
  assert.equal(contexts[0]?.network.httpsProxy, "http://proxy.example:3128/");
  assert.deepEqual(contexts[0]?.network.noProxy, [".internal"]);
});

test("prefers a given network to the environment, and parameters to both", async () => {
  const contexts: OpenContext[] = [];
  const network = { id: "n", extraCa: "", httpProxy: undefined, httpsProxy: "http://given/", noProxy: [] };
  const env = { HTTPS_PROXY: "http://environment" };
  await open({ env }, contexts);
  await open({ env, network }, contexts);
  await open({ env, network, parameters: { httpsProxy: "" } }, contexts);
  assert.deepEqual(
    contexts.map((context) => context.network.httpsProxy),
    ["http://environment/", "http://given/", undefined],
  );
});

test("looks for the token where secretKey says", async () => {
  const contexts: OpenContext[] = [];
  const secret = { token: "a", other: "b" };
  await open({ secret }, contexts);
  await open({ secret, parameters: { secretKey: "other" } }, contexts);
  await open({ parameters: { secretKey: "other" } }, contexts);
  assert.deepEqual(
    contexts.map((context) => context.secret["token"]),
    ["a", "b", undefined],
  );
  const error = await expectError(() => open({ secret, parameters: { secretKey: "oter" } }), "config_invalid");
  assert.match(error.message, /no entry "oter".*other, token/);
});

const badParameters: readonly [parameters: Record<string, unknown>, message: RegExp][] = [
  [{ regoin: "x" }, /^read parameters regoin: Model depot has no parameter "regoin"\. Did you mean "region"\?/],
  [{ Region: "x" }, /Did you mean "region"\?/],
  [{ zzzzzzzz: "x" }, /has no parameter "zzzzzzzz"\. Known parameters: auth, caBundle,/],
  [{ region: 5 }, /^read parameters region: parameter region: .*expected string/],
  [{ retries: "eleven" }, /parameter retries: must be a whole number from 0 to 10/],
  [{ retries: "11" }, /parameter retries: must be a whole number from 0 to 10/],
  [{ retries: 1.5 }, /parameter retries: must be a whole number from 0 to 10/],
  [{ verify: "yes" }, /parameter verify: must be true or false/],
  [{ auth: "kye" }, /parameter auth: .*"none"\|"key"/],
  [{ weights: "some" }, /parameter weights: .*"auto"\|"all"/],
  [{ regoin: "s3cr3t", retries: "s3cr3t" }, /regoin.*; parameter retries/],
];

for (const [parameters, message] of badParameters) {
  test(`refuses parameters ${JSON.stringify(parameters)} without repeating a value`, async () => {
    const contexts: OpenContext[] = [];
    const error = await expectError(() => open({ parameters }, contexts), "config_invalid");
    assert.match(error.message, message);
    assert.doesNotMatch(error.message, /s3cr3t/);
    assert.equal(error.provider, "depot");
    assert.equal(contexts.length, 0);
  });
}

test("refuses what no provider takes, and an opening that was cancelled", async () => {
  await expectError(() => createStorageClient({ storageUri: "depot://a/b", env: {} }), "config_invalid");
  const uri = { provider: "plugin", scheme: "depot", authority: "a", key: "b" } as const;
  const error = await expectError(() => createStorageClient({ storageUri: uri, env: {} }), "unsupported");
  assert.match(error.message, /no provider for depot/);
  await expectError(() => open({ signal: AbortSignal.abort() }), "cancelled");
});

test("opens volume claims and vendor models, of which nothing is read", async () => {
  const claim = await createStorageClient({ storageUri: "pvc://space:claim/path", env: {} });
  const error = await expectError(() => collect(claim.client.list(claim.objectUri)), "unsupported", "pvc");
  assert.match(error.hint, /let the serving runtime mount the claim/);
  await expectError(() => claim.client.stat(claim.objectUri), "unsupported", "pvc");
  await expectError(() => claim.client.locate(claim.objectUri), "unsupported", "pvc");
  await expectError(() => createStorageClient({ storageUri: "pvc://Bad_Claim/path", env: {} }), "config_invalid");
  const vendor = await createStorageClient({ storageUri: "vendor://openai/gpt/4", env: {} });
  assert.deepEqual(await collect(vendor.client.list(vendor.objectUri)), []);
  await expectError(() => vendor.client.stat(vendor.objectUri), "unsupported", "vendor");
});

test("lets a plug-in stand in for a built-in provider, in its own registry only", async () => {
  const store = new MemoryStore({ buckets: ["shared"] });
  store.set("shared", "file", new Uint8Array(3));
  const registry = createProviderRegistry([createMemoryProvider(store)]);
  const keys = async (options: Partial<StorageClientOptions>) => {
    const { client, objectUri } = await createStorageClient({ storageUri: "memory://shared/", env: {}, ...options });
    return (await collect(client.list(objectUri))).map((info) => info.key);
  };
  assert.deepEqual(await keys({ registry }), ["file"]);
  assert.deepEqual(await keys({}), []);
});

const base = recordingProvider();
const badPlugins: readonly [plugins: ProviderDefinition[], message: RegExp][] = [
  [[{ ...base, schemes: ["Depot://"] }], /is no URI scheme/],
  [[{ ...base, schemes: undefined }], /it takes no URI|disagree/],
  [[{ ...base, uriProviders: ["memory"] }], /schemes and uriProviders disagree/],
  [[base, { ...base, name: "other" }], /plug-in depot has depot already/],
  [[createMemoryProvider(), createMemoryProvider()], /plug-in memory has memory already/],
  [[{ ...base, name: " " }], /no name/],
  [[{ ...base, parameters: z.strictObject({ include: z.string() }) }], /parameter include is common/],
];

for (const [plugins, message] of badPlugins) {
  test(`refuses plug-ins: ${message.source}`, async () => {
    const error = await expectError(async () => createProviderRegistry(plugins), "config_invalid");
    assert.match(error.message, message);
  });
}

test("names every provider, plug-ins first", () => {
  const { names, pluginSchemes } = createProviderRegistry([base]);
  assert.deepEqual(names.slice(0, 1), ["depot"]);
  for (const name of ["s3", "http", "local", "memory", "pvc", "vendor"]) assert.ok(names.includes(name), name);
  assert.deepEqual([...pluginSchemes], ["depot"]);
});
