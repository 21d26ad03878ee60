import assert from "node:assert/strict";
import { test } from "node:test";
import { isStorageError } from "../../src/errors.ts";
import { ApiClient } from "../../src/kubernetes/api-client.ts";
import { EventRecorder } from "../../src/kubernetes/event-recorder.ts";
import { labelPatch } from "../../src/kubernetes/label-patch.ts";
import { updateObject } from "../../src/kubernetes/update-object.ts";
import { systemClock } from "../../src/telemetry/clock.ts";
import { silentLogger } from "../../src/telemetry/logger.ts";
import { FakeKubernetes } from "../../src/testing/fake-kubernetes/fake-kubernetes.ts";
import type { StoredObject } from "../../src/testing/fake-kubernetes/object-store.ts";

const maps = "/api/v1/configmaps";
const path = "/api/v1/namespaces/ome/configmaps/node-1";

async function withFake(run: (fake: FakeKubernetes, client: ApiClient) => Promise<void>): Promise<void> {
  const fake = await FakeKubernetes.start();
  const client = new ApiClient({
    connection: { server: fake.url, namespace: "ome", access: async () => ({ headers: {}, rejectUnauthorized: true }) },
  });
  try {
    await run(fake, client);
  } finally {
    await client.close();
    await fake.close();
  }
}

const configMap = (data: Record<string, string>): StoredObject => ({
  metadata: { name: "node-1", namespace: "ome" },
  data,
});
const dataOf = (object: unknown): Record<string, string> =>
  ((object as StoredObject | undefined)?.["data"] ?? {}) as Record<string, string>;

test("twenty writers at once: nobody's key is lost, and a deleted key does not come back", async () => {
  await withFake(async (fake, client) => {
    fake.put(maps, configMap({ doomed: "x" }));
    const common = { client, path, clock: systemClock, random: Math.random, attempts: 60 };
    const writers = Array.from({ length: 20 }, (_, i) =>
      updateObject({
        ...common,
        change: (latest) => latest && { ...latest, data: { ...dataOf(latest), [`k${i}`]: "v" } },
      }),
    );
    const deleter = updateObject({
      ...common,
      change: (latest) => {
        const { doomed: _, ...data } = dataOf(latest);
        return latest && { ...latest, data };
      },
    });
    await Promise.all([...writers, deleter]);
    const data = dataOf(fake.store.get(maps, "ome/node-1"));
    assert.deepEqual(Object.keys(data).sort(), Array.from({ length: 20 }, (_, i) => `k${i}`).sort());
  });
});

test("a missing object is created, also when another writer is faster", async () => {
  await withFake(async (fake, client) => {
    let raced = false;
    fake.intercept = (request) => {
      if (request.method === "POST" && !raced) {
        raced = true;
        fake.put(maps, configMap({ other: "1" }));
      }
      return undefined;
    };
    await updateObject({
      client,
      path,
      createIn: "/api/v1/namespaces/ome/configmaps",
      clock: systemClock,
      random: () => 0,
      change: (latest) => ({ ...(latest ?? { metadata: { name: "node-1" } }), data: { ...dataOf(latest), mine: "2" } }),
    });
    assert.deepEqual(dataOf(fake.store.get(maps, "ome/node-1")), { other: "1", mine: "2" });
  });
});

test("no write is sent when nothing would change", async () => {
  await withFake(async (fake, client) => {
    fake.put(maps, configMap({}));
    await updateObject({ client, path, clock: systemClock, random: () => 0, change: (latest) => latest });
    assert.deepEqual(
      fake.requests.map((request) => request.method),
      ["GET"],
    );
  });
});

test("a missing right is named with the server's own words", async () => {
  await withFake(async (fake, client) => {
    fake.intercept = () => ({
      status: 403,
      body: { reason: "Forbidden", message: 'configmaps "node-1" is forbidden: User "x" cannot get resource' },
    });
    await assert.rejects(
      updateObject({ client, path, clock: systemClock, random: () => 0, change: (latest) => latest }),
      (error) =>
        isStorageError(error) && error.code === "permission_denied" && /cannot get resource/.test(error.message),
    );
  });
});

test("labels are patched only where they differ, with slashes escaped", () => {
  assert.deepEqual(
    labelPatch(
      { a: "1", "models.ome.io/x": "Ready" },
      { a: "1", "models.ome.io/x": undefined, "models.ome.io/y": "Failed" },
    ),
    [
      { op: "remove", path: "/metadata/labels/models.ome.io~1x" },
      { op: "add", path: "/metadata/labels/models.ome.io~1y", value: "Failed" },
    ],
  );
  assert.deepEqual(labelPatch({ a: "1" }, { a: "1", gone: undefined }), []);
});

test("the first label of an object does not take away those that somebody gave it meanwhile", async () => {
  await withFake(async (fake, client) => {
    const path = "/api/v1/nodes/n1";
    const patch = (): Promise<unknown> =>
      client.send({ method: "PATCH", path, patch: "json", body: labelPatch(undefined, { a: "1" }) });
    const labels = () => fake.store.get("/api/v1/nodes", "n1")?.metadata.labels;
    fake.put("/api/v1/nodes", { metadata: { name: "n1" } });
    await patch();
    assert.deepEqual(labels(), { a: "1" });
    fake.put("/api/v1/nodes", { metadata: { name: "n1", labels: { theirs: "2" } } });
    await assert.rejects(patch(), (error) => isStorageError(error) && error.httpStatus === 422);
    assert.deepEqual(labels(), { theirs: "2" });
  });
});

test("events are written where that is allowed, and given up after one refusal, with one line, where it is not", async () => {
  await withFake(async (fake, client) => {
    const lines: string[] = [];
    const recorder = new EventRecorder({
      client,
      controller: "model-agent",
      instance: "node-1",
      defaultNamespace: "ome",
      clock: systemClock,
      logger: { ...silentLogger, info: (_, message) => lines.push(message) },
    });
    const about = { kind: "ClusterBaseModel", apiVersion: "ome.io/v1beta1", metadata: { name: "llama", uid: "u" } };
    const note = {
      type: "Normal",
      reason: "DownloadCompleted",
      action: "Download",
      message: "m".repeat(2000),
    } as const;
    await recorder.record(about, note);
    const [event] = fake.store.list("/apis/events.k8s.io/v1/events");
    assert.equal(event?.["reason"], "DownloadCompleted");
    assert.equal(String(event?.["note"]).length, 1024);
    fake.intercept = ({ path }) =>
      path.includes("/granted/") ? undefined : { status: 403, body: { reason: "Forbidden" } };
    const before = fake.requests.length;
    const inNamespace = (namespace: string) => ({ ...about, metadata: { ...about.metadata, namespace } });
    for (let i = 0; i < 5; i += 1) {
      for (const object of [about, inNamespace("closed"), inNamespace("granted")]) await recorder.record(object, note);
    }
    assert.equal(fake.requests.length, before + 1 + 1 + 5);
    assert.equal(lines.length, 1);
  });
});
