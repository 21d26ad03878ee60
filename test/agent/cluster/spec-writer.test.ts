import assert from "node:assert/strict";
import { test } from "node:test";
import { SpecWriter } from "../../../src/agent/cluster/spec-writer.ts";
import { ApiClient } from "../../../src/kubernetes/api-client.ts";
import type { ModelConfiguration } from "../../../src/models/configuration/read-configuration.ts";
import { systemClock } from "../../../src/telemetry/clock.ts";
import { FakeKubernetes } from "../../../src/testing/fake-kubernetes/fake-kubernetes.ts";
import { recordingLogger } from "../../support/recording-logger.ts";

const collection = "/apis/ome.io/v1beta1/clusterbasemodels";
const identity = { kind: "ClusterBaseModel", namespace: "", name: "llama" } as const;
const configuration: ModelConfiguration = {
  modelType: "llama",
  architecture: "LlamaForCausalLM",
  contextLength: 2048,
  parameterCount: 7e9,
  parameterSize: "7B",
  modelSizeBytes: 14e9,
  hasVision: false,
  isEmbedding: false,
  quantizationType: "",
  quantization: undefined,
  torchDtype: "float16",
  transformersVersion: "4.40.0",
  capabilities: ["TEXT_TO_TEXT"],
  format: { name: "safetensors", version: "1.0.0" },
  framework: { name: "transformers", version: "4.40.0" },
  diffusionPipeline: undefined,
};

async function fakeWithModel(): Promise<{ fake: FakeKubernetes; client: ApiClient }> {
  const fake = await FakeKubernetes.start();
  fake.put(collection, {
    metadata: { name: "llama" },
    spec: { storage: { storageUri: "s3://b/x" }, modelType: "mine" },
  });
  const connection = {
    server: fake.url,
    namespace: "ome",
    access: async () => ({ headers: {}, rejectUnauthorized: true }),
  };
  return { fake, client: new ApiClient({ connection }) };
}

function specWriter(fake: FakeKubernetes, client: ApiClient, logger = recordingLogger()): SpecWriter {
  return new SpecWriter({
    ...{ client, logger },
    find: () => fake.store.get(collection, "llama"),
    spreadMs: 400,
    clock: systemClock,
    random: Math.random,
  });
}

const specOf = (fake: FakeKubernetes) => fake.store.get(collection, "llama")?.["spec"] as Record<string, unknown>;

async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 500 && !condition(); turn += 1) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.ok(condition());
}

test("forty agents that know the same write it once or a few times, and overwrite nothing", async () => {
  const { fake, client } = await fakeWithModel();
  const writers = Array.from({ length: 40 }, () => specWriter(fake, client));
  for (const writer of writers) writer.fill("clusterbasemodel/llama", identity, configuration);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  await Promise.all(writers.map((writer) => writer.close()));
  const spec = specOf(fake);
  assert.equal(spec["modelType"], "mine");
  assert.equal(spec["modelParameterSize"], "7B");
  assert.deepEqual(spec["storage"], { storageUri: "s3://b/x" });
  const puts = fake.requests.filter(({ method }) => method === "PUT").length;
  assert.ok(puts >= 1 && puts <= 10, `${puts} writes`);
  await client.close();
  await fake.close();
});

test("an object that says all of it already is not even asked for", async () => {
  const { fake, client } = await fakeWithModel();
  const writer = specWriter(fake, client);
  writer.fill("clusterbasemodel/llama", identity, configuration);
  await until(() => specOf(fake)["modelConfiguration"] !== undefined);
  await writer.close();
  // The server gives members back in an order of its own.
  const spec = specOf(fake);
  const sorted = Object.fromEntries(Object.entries(spec["modelConfiguration"] as object).sort());
  fake.put(collection, { metadata: { name: "llama" }, spec: { ...spec, modelConfiguration: sorted } });
  fake.requests.length = 0;
  const other = specWriter(fake, client);
  other.fill("clusterbasemodel/llama", identity, configuration);
  await new Promise((resolve) => setTimeout(resolve, 600));
  await other.close();
  assert.deepEqual(fake.requests, []);
  await client.close();
  await fake.close();
});

test("a failure is a line in the log, and an object of another identity is left alone", async () => {
  const { fake, client } = await fakeWithModel();
  const logger = recordingLogger();
  fake.intercept = ({ method }) =>
    method === "PUT" ? { status: 403, body: { reason: "Forbidden", message: "no", code: 403 } } : undefined;
  const writer = specWriter(fake, client, logger);
  writer.fill("clusterbasemodel/llama", identity, configuration);
  await until(() => logger.lines.some(({ message }) => message === "the model's object could not be filled in"));
  await writer.close();

  fake.intercept = ({ method }) => {
    if (method === "GET") {
      fake.intercept = undefined;
      fake.store.delete(collection, "llama");
      fake.put(collection, { metadata: { name: "llama" }, spec: { storage: { storageUri: "s3://b/y" } } });
    }
    return undefined;
  };
  const late = specWriter(fake, client);
  late.fill("clusterbasemodel/llama", identity, configuration);
  await new Promise((resolve) => setTimeout(resolve, 800));
  await late.close();
  assert.deepEqual(Object.keys(specOf(fake)), ["storage"]);
  await client.close();
  await fake.close();
});
