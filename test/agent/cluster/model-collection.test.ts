import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ClusterView } from "../../../src/agent/cluster/cluster-view.ts";
import { ModelCollection } from "../../../src/agent/cluster/model-collection.ts";
import { ApiClient } from "../../../src/kubernetes/api-client.ts";
import { Reflector } from "../../../src/kubernetes/reflector.ts";
import { systemClock } from "../../../src/telemetry/clock.ts";
import { silentLogger } from "../../../src/telemetry/logger.ts";
import { FakeKubernetes } from "../../../src/testing/fake-kubernetes/fake-kubernetes.ts";
import { eventually } from "../../support/cluster-house.ts";

const collection = "/apis/ome.io/v1beta1/clusterbasemodels";
const key = "clusterbasemodel/a";

async function collecting(t: TestContext) {
  const fake = await FakeKubernetes.start();
  const client = new ApiClient({
    connection: { server: fake.url, namespace: "ome", access: async () => ({ headers: {}, rejectUnauthorized: true }) },
  });
  const stop = new AbortController();
  const view = new ClusterView({ nodeName: "n1", semantics: "kubernetes", instanceTypes: new Map(), graceMs: 0 });
  const handler = new ModelCollection({
    ...{ kind: "ClusterBaseModel", client, view, signal: stop.signal, onChange: () => {}, onSynced: () => {} },
    ...{ clock: systemClock, random: Math.random, logger: silentLogger },
  });
  const reflector = new Reflector({ client, path: collection, handler, watchMetadata: true });
  const put = (path: string, more: object = {}, status: object = {}): void => {
    fake.put(collection, {
      apiVersion: "ome.io/v1beta1",
      kind: "ClusterBaseModel",
      metadata: { name: "a", ...more },
      spec: { storage: { storageUri: "s3://b/a", path } },
      status,
    });
  };
  put("/m/1");
  const running = reflector.run(stop.signal);
  t.after(async () => {
    stop.abort();
    await running;
    await client.close();
    await fake.close();
  });
  const path = (): string | undefined => {
    const spec = view.objectOf(key)?.["spec"] as { storage: { path: string } } | undefined;
    return spec?.storage.path;
  };
  const reads = (): number => fake.requests.filter((request) => request.path === `${collection}/a`).length;
  await eventually(path, (now) => now === "/m/1", "the list");
  return { fake, view, put, path, reads };
}

test("a change of the status alone costs no request; one of the spec costs one", async (t) => {
  const { fake, put, path, reads } = await collecting(t);
  for (let turn = 0; turn < 20; turn += 1) put("/m/1", {}, { nodesReady: Array(turn).fill("node") });
  await sleep(200);
  assert.equal(reads(), 0);
  const watches = fake.requests.filter(({ watch }) => watch);
  assert.ok(watches.every(({ metadataOnly }) => metadataOnly));
  put("/m/2");
  await eventually(path, (now) => now === "/m/2", "the new spec");
  assert.equal(reads(), 1);
});

test("labels and marks of deletion are in the metadata and need no reading", async (t) => {
  const { fake, view, put, path, reads } = await collecting(t);
  put("/m/1", { labels: { x: "y" }, finalizers: ["keep"] });
  await eventually(
    () => view.objectOf(key)?.metadata.labels?.["x"],
    (label) => label === "y",
    "the label",
  );
  fake.store.delete(collection, "a");
  await eventually(
    () => view.objectOf(key)?.metadata.deletionTimestamp,
    (time) => time !== undefined,
    "the deletion",
  );
  assert.equal(path(), "/m/1");
  assert.equal(reads(), 0);
});

test("however fast a spec changes and however often reading fails, the last word is read", async (t) => {
  const { fake, put, path, reads } = await collecting(t);
  let failures = 2;
  fake.intercept = (request) =>
    request.path === `${collection}/a` && failures-- > 0 ? { status: 503, body: {} } : undefined;
  for (let turn = 2; turn <= 30; turn += 1) {
    put(`/m/${turn}`);
    if (turn % 7 === 0) await sleep(5);
  }
  await eventually(path, (now) => now === "/m/30", "the last spec");
  await sleep(100);
  assert.equal(path(), "/m/30");
  assert.ok(reads() < 30, `${reads()} reads`);
});

test("an object that goes while it is being read does not come back", async (t) => {
  const { fake, view, put } = await collecting(t);
  let held: (() => void) | undefined;
  const slow = new Promise<void>((resolve) => {
    held = resolve;
  });
  fake.intercept = (request) => {
    if (request.path !== `${collection}/a`) return undefined;
    held?.();
    return { status: 503, body: {} };
  };
  put("/m/2");
  await slow;
  fake.store.delete(collection, "a");
  await eventually(
    () => view.objectOf(key),
    (object) => object === undefined,
    "the removal",
  );
  fake.intercept = undefined;
  await sleep(1_500);
  assert.equal(view.objectOf(key), undefined);
});
