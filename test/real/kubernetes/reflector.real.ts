import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { isStorageError } from "../../../src/errors.ts";
import { ApiClient } from "../../../src/kubernetes/api-client.ts";
import { labelPatch } from "../../../src/kubernetes/label-patch.ts";
import { Reflector, type ReflectorEvent } from "../../../src/kubernetes/reflector.ts";
import { updateObject } from "../../../src/kubernetes/update-object.ts";
import { systemClock } from "../../../src/telemetry/clock.ts";
import { findKubernetes, startKubernetes } from "./start-kubernetes.ts";

const found = await findKubernetes();
const skip = "missing" in found ? `no real API server: ${found.missing}` : false;
if (skip !== false) console.log(skip);
const kubernetes = "binary" in found ? await startKubernetes(found.binary) : undefined;
after(() => kubernetes?.close());

const collection = "/apis/ome.io/v1beta1/clusterbasemodels";
const model = (name: string): object => ({
  apiVersion: "ome.io/v1beta1",
  kind: "ClusterBaseModel",
  metadata: { name },
  spec: { storage: { storageUri: `s3://models/${name}` } },
});

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let i = 0; i < 1500; i += 1) {
    if (condition()) return;
    await sleep(20);
  }
  assert.fail(what);
}

test("a real API server: paged list, changes, a restart, a compaction, a rotated token", { skip }, async () => {
  assert.ok(kubernetes !== undefined);
  const { admin } = kubernetes;
  for (let i = 0; i < 120; i += 1) await admin.send({ method: "POST", path: collection, body: model(`m${i}`) });
  const connection = await kubernetes.agentConnection();
  const client = new ApiClient({ connection });
  const log: string[] = [];
  const events: ReflectorEvent[] = [];
  const stop = new AbortController();
  const reflector = new Reflector({
    client,
    path: collection,
    pageSize: 50,
    handler: {
      onUpsert: (object, isNew) => log.push(`${isNew ? "+" : "~"}${object.metadata.name}`),
      onDelete: (gone) => log.push(`-${gone.metadata.name}`),
      onSynced: () => log.push("synced"),
    },
    onEvent: (event) => events.push(event),
  });
  const running = reflector.run(stop.signal);
  try {
    await until(() => log.includes("synced"), "synced");
    assert.deepEqual(events[0], { type: "list", objects: 120, pages: 3 });

    log.length = 0;
    await admin.send({ method: "POST", path: collection, body: model("fresh") });
    await admin.send({
      method: "PATCH",
      path: `${collection}/m3`,
      patch: "merge",
      body: { spec: { storage: { path: "/models/m3" } } },
    });
    await admin.send({ method: "DELETE", path: `${collection}/m4` });
    await until(() => log.length === 3, `three changes: ${log}`);
    assert.deepEqual(log, ["+fresh", "~m3", "-m4"]);

    await connection.renew();
    const restarting = kubernetes.restartApiServer(1500);
    await restarting;
    await admin.send({ method: "POST", path: collection, body: model("after-restart") });
    await until(() => log.includes("+after-restart"), "follows after the restart");
    assert.equal(log.filter((entry) => entry.startsWith("-")).length, 1, "nothing was reported deleted by mistake");

    await kubernetes.compact();
    await kubernetes.restartApiServer(0);
    await admin.send({ method: "DELETE", path: `${collection}/m5` });
    await until(() => log.includes("-m5"), "follows after a compaction");
    assert.equal(reflector.size, 120);
  } finally {
    stop.abort();
    await running;
    await client.close();
  }
});

test("a real API server: metadata alone in watches and in lists after the first", { skip }, async () => {
  assert.ok(kubernetes !== undefined);
  const { admin } = kubernetes;
  const client = new ApiClient({ connection: await kubernetes.agentConnection() });
  const path = "/apis/ome.io/v1beta1/basemodels";
  const own = "/apis/ome.io/v1beta1/namespaces/ome/basemodels";
  const put = (name: string): Promise<unknown> =>
    admin.send({ method: "POST", path: own, body: { ...model(name), kind: "BaseModel", metadata: { name } } });
  for (const name of ["a", "b", "c"]) await put(name);
  const seen: string[] = [];
  let lists = 0;
  const stop = new AbortController();
  const reflector = new Reflector({
    ...{ client, path, watchMetadata: true, pageSize: 2, watchSeconds: [8, 8], relistIntervalMs: 1 },
    handler: {
      onUpsert: ({ kind, metadata, ...rest }) => seen.push(`${metadata.name} ${kind} ${"spec" in rest}`),
      onDelete: ({ metadata }) => seen.push(`-${metadata.name}`),
    },
    onEvent: ({ type }) => {
      if (type === "list") lists += 1;
      // What happens between a watch's end and the next list is only in the list.
      if (type === "list" && lists === 2) stop.abort();
    },
  });
  try {
    const running = reflector.run(stop.signal);
    await until(() => seen.length === 3, "the first list");
    assert.deepEqual(
      seen.splice(0),
      ["a", "b", "c"].map((name) => `${name} BaseModel true`),
    );
    await admin.send({ method: "PATCH", path: `${own}/a`, patch: "merge", body: { spec: { disabled: true } } });
    await until(() => seen.length === 1, "the change");
    assert.deepEqual(seen, ["a PartialObjectMetadata false"]);
    await running;
    assert.deepEqual(seen, ["a PartialObjectMetadata false"], "the second list brought nothing that was known");
    const { kind, items } = await client.send<{ kind: string; items: readonly object[] }>({
      ...{ method: "GET", path, metadataOnly: "list" },
    });
    assert.equal(kind, "PartialObjectMetadataList");
    assert.ok(items.length === 3 && items.every((item) => !("spec" in item)));
  } finally {
    stop.abort();
    await client.close();
  }
});

test("the agent's rights: labels and ConfigMaps yes, events and leases no", { skip }, async () => {
  assert.ok(kubernetes !== undefined);
  const { admin } = kubernetes;
  await admin.send({ method: "POST", path: "/api/v1/nodes", body: { metadata: { name: "node-1" } } });
  const client = new ApiClient({ connection: await kubernetes.agentConnection() });
  try {
    const node = await client.send<{ metadata: { labels?: Record<string, string> } }>({
      method: "GET",
      path: "/api/v1/nodes/node-1",
    });
    const operations = labelPatch(node.metadata.labels, { "models.ome.io/clusterbasemodel.m1": "Ready" });
    await client.send({ method: "PATCH", path: "/api/v1/nodes/node-1", patch: "json", body: operations });

    const path = "/api/v1/namespaces/ome/configmaps/node-1";
    const writers = Array.from({ length: 10 }, (_, i) =>
      updateObject({
        client,
        path,
        createIn: "/api/v1/namespaces/ome/configmaps",
        clock: systemClock,
        random: Math.random,
        attempts: 40,
        change: (latest) => ({
          ...(latest ?? { metadata: { name: "node-1", namespace: "ome" } }),
          data: { ...((latest?.["data"] ?? {}) as Record<string, string>), [`key-${i}`]: "value" },
        }),
      }),
    );
    await Promise.all(writers);
    const map = await client.send<{ data: Record<string, string> }>({ method: "GET", path });
    assert.equal(Object.keys(map.data).length, 10);

    for (const denied of [
      "/apis/events.k8s.io/v1/namespaces/ome/events",
      "/apis/coordination.k8s.io/v1/namespaces/ome/leases",
    ]) {
      await assert.rejects(
        client.send({ method: "POST", path: denied, body: { metadata: { name: "x" } } }),
        (error) => isStorageError(error) && error.code === "permission_denied",
      );
    }
  } finally {
    await client.close();
  }
});
