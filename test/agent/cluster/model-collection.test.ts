import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ClusterView } from "../../../src/agent/cluster/cluster-view.ts";
import { ModelCollection } from "../../../src/agent/cluster/model-collection.ts";
import { ApiClient, type ApiRequest } from "../../../src/kubernetes/api-client.ts";
import type { KubernetesObject } from "../../../src/kubernetes/kubernetes-object.ts";
import { Reflector } from "../../../src/kubernetes/reflector.ts";
import { systemClock } from "../../../src/telemetry/clock.ts";
import { silentLogger } from "../../../src/telemetry/logger.ts";
import { FakeKubernetes } from "../../../src/testing/fake-kubernetes/fake-kubernetes.ts";
import { eventually } from "../../support/cluster-house.ts";
import { settle } from "../../support/manual-clock.ts";

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

/** A collection whose requests the test answers itself. */
function answering() {
  const view = new ClusterView({ nodeName: "n1", semantics: "kubernetes", instanceTypes: new Map(), graceMs: 0 });
  const requests: { readonly call: ApiRequest; answer(object: KubernetesObject): Promise<void> }[] = [];
  const client = {
    send: <T>(call: ApiRequest): Promise<T> =>
      new Promise((resolve) => {
        const answer = async (object: KubernetesObject): Promise<void> => {
          resolve(object as T);
          await settle();
        };
        requests.push({ call, answer });
      }),
  };
  const collection = new ModelCollection({
    ...{ kind: "ClusterBaseModel", client, view, onChange: () => {}, onSynced: () => {} },
    ...{ signal: new AbortController().signal, clock: systemClock, random: () => 0, logger: silentLogger },
  });
  const see = (metadata: Partial<KubernetesObject["metadata"]>): void =>
    collection.onUpsert({ kind: "PartialObjectMetadata", metadata: { name: "a", uid: "u1", ...metadata } });
  const whole = (path: string, metadata: Partial<KubernetesObject["metadata"]>): KubernetesObject => ({
    kind: "ClusterBaseModel",
    metadata: { name: "a", uid: "u1", ...metadata },
    spec: { storage: { storageUri: "s3://b/a", path } },
    status: { nodesReady: ["n1", "n2"] },
  });
  const shown = (): readonly unknown[] => {
    const object = view.objectOf(key);
    const { storage } = (object?.["spec"] ?? {}) as { storage?: { path: string } };
    return [storage?.path, object?.metadata.labels?.["x"], object?.metadata.uid];
  };
  return { requests, see, whole, shown, view };
}

test("what is read is not older than what was seen, and its status is not kept", async () => {
  const { requests, see, whole, view } = answering();
  see({ generation: 1, resourceVersion: "17" });
  assert.deepEqual(requests[0]?.call.query, { resourceVersion: "17" });
  await requests[0]?.answer(whole("/m/1", { generation: 1, resourceVersion: "17" }));
  assert.equal(view.objectOf(key)?.["status"], undefined);
});

test("labels that change while an object is being read are not lost", async () => {
  const { requests, see, whole, shown } = answering();
  see({ generation: 1, resourceVersion: "1", labels: { x: "old" } });
  see({ generation: 1, resourceVersion: "2", labels: { x: "new" } });
  await requests[0]?.answer(whole("/m/1", { generation: 1, resourceVersion: "1", labels: { x: "old" } }));
  assert.deepEqual(shown(), ["/m/1", "new", "u1"]);
  assert.equal(requests.length, 1);
});

test("a spec that changes while it is being read is read again, and so is another object of the same name", async () => {
  const { requests, see, whole, shown } = answering();
  see({ generation: 1, resourceVersion: "1" });
  see({ generation: 2, resourceVersion: "2" });
  await requests[0]?.answer(whole("/m/1", { generation: 1, resourceVersion: "1" }));
  assert.deepEqual(shown(), [undefined, undefined, undefined]);
  see({ uid: "u2", generation: 2, resourceVersion: "3" });
  await requests[1]?.answer(whole("/m/2", { generation: 2, resourceVersion: "2" }));
  await requests[2]?.answer(whole("/m/3", { uid: "u2", generation: 2, resourceVersion: "3" }));
  assert.deepEqual(shown(), ["/m/3", undefined, "u2"]);
  assert.equal(requests.length, 3);
});

test("an object that is ahead of the watch is taken as it is", async () => {
  const { requests, see, whole, shown } = answering();
  see({ generation: 1, resourceVersion: "1" });
  await requests[0]?.answer(whole("/m/2", { generation: 2, resourceVersion: "2", labels: { x: "y" } }));
  assert.deepEqual(shown(), ["/m/2", "y", "u1"]);
  see({ generation: 2, resourceVersion: "2", labels: { x: "y" } });
  assert.equal(requests.length, 1);
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
