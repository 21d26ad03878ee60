import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ApiClient } from "../../src/kubernetes/api-client.ts";
import type { ClusterConnection } from "../../src/kubernetes/cluster-access.ts";
import { Reflector, type ReflectorEvent, type ReflectorOptions } from "../../src/kubernetes/reflector.ts";
import { type Clock, systemClock } from "../../src/telemetry/clock.ts";
import { FakeKubernetes, type FakeKubernetesOptions } from "../../src/testing/fake-kubernetes/fake-kubernetes.ts";

const collection = "/apis/ome.io/v1beta1/clusterbasemodels";
const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Backoff delays pass a hundred times faster; long ones (watch limits) keep their length. */
const hastyClock: Clock = {
  ...systemClock,
  sleep: (ms, signal) => systemClock.sleep(ms > 60_000 ? ms : ms / 100, signal),
};

interface Harness {
  readonly fake: FakeKubernetes;
  readonly reflector: Reflector;
  readonly log: string[];
  readonly events: ReflectorEvent[];
  until(condition: () => boolean, what: string): Promise<void>;
}

async function start(
  fakeOptions: FakeKubernetesOptions = {},
  options: Partial<ReflectorOptions> = {},
  prepare: (fake: FakeKubernetes) => void = () => {},
  token: () => string = () => "secret",
): Promise<Harness> {
  const fake = await FakeKubernetes.start(fakeOptions);
  prepare(fake);
  const connection: ClusterConnection = {
    server: fake.url,
    namespace: undefined,
    access: async () => ({ headers: { authorization: `Bearer ${token()}` }, rejectUnauthorized: true }),
  };
  const client = new ApiClient({ connection, timeoutMs: 5_000 });
  const log: string[] = [];
  const events: ReflectorEvent[] = [];
  const reflector = new Reflector({
    client,
    path: collection,
    clock: hastyClock,
    handler: {
      onUpsert: (object, isNew) => log.push(`${isNew ? "+" : "~"}${object.metadata.name}`),
      onDelete: (gone) => log.push(`-${gone.metadata.name}`),
      onSynced: () => log.push("synced"),
    },
    onEvent: (event) => events.push(event),
    ...options,
  });
  const stop = new AbortController();
  const running = reflector.run(stop.signal);
  closing.push(async () => {
    stop.abort();
    await running;
    await client.close();
    await fake.close();
  });
  return {
    fake,
    reflector,
    log,
    events,
    until: async (condition, what) => {
      for (let i = 0; i < 1000; i += 1) {
        if (condition()) return;
        await sleep(10);
      }
      assert.fail(`${what}: ${log.join(" ")} ${JSON.stringify(events.slice(-5))}`);
    },
  };
}

const model = (name: string, spec: object = {}) => ({
  kind: "ClusterBaseModel",
  apiVersion: "ome.io/v1beta1",
  metadata: { name },
  spec,
});

test("lists page by page, then follows every change in order", async () => {
  const h = await start({}, { pageSize: 3 }, (fake) => {
    for (let i = 0; i < 10; i += 1) fake.put(collection, model(`m${i}`));
  });
  await h.until(() => h.log.includes("synced") && h.fake.openWatches === 1, "synced");
  assert.deepEqual(h.log, [...Array.from({ length: 10 }, (_, i) => `+m${i}`), "synced"]);
  assert.deepEqual(h.events[0], { type: "list", objects: 10, pages: 4 });
  h.log.length = 0;
  h.fake.put(collection, model("new"));
  h.fake.put(collection, model("m3", { storage: 1 }));
  h.fake.store.delete(collection, "m4");
  await h.until(() => h.log.length === 3, "three changes");
  assert.deepEqual(h.log, ["+new", "~m3", "-m4"]);
  assert.equal(h.reflector.size, 10);
});

test("a cut watch is opened again where it was, without a new list and without repeats", async () => {
  const h = await start({}, {}, (fake) => void fake.put(collection, model("a")));
  await h.until(() => h.fake.openWatches === 1, "watching");
  for (let round = 0; round < 5; round += 1) {
    h.fake.cutWatches();
    h.fake.put(collection, model(`cut${round}`));
    await h.until(() => h.log.includes(`+cut${round}`) && h.fake.openWatches === 1, "seen after the cut");
  }
  assert.equal(h.events.filter((event) => event.type === "list").length, 1);
  assert.deepEqual(h.log, ["+a", "synced", "+cut0", "+cut1", "+cut2", "+cut3", "+cut4"]);
});

test("an expired version leads to a new list, and what vanished meanwhile is reported deleted", async () => {
  const h = await start({ bookmarkIntervalMs: 1e6 }, {}, (fake) => {
    for (const name of ["stays", "goes"]) fake.put(collection, model(name));
  });
  await h.until(() => h.fake.openWatches === 1, "watching");
  let away = true;
  h.fake.intercept = () => (away ? "reset" : undefined);
  h.fake.cutWatches();
  h.fake.store.delete(collection, "goes");
  h.fake.put(collection, model("comes"));
  h.fake.store.compact();
  away = false;
  await h.until(() => h.log.includes("-goes") && h.log.includes("+comes"), "tombstone and newcomer");
  assert.ok(h.log.indexOf("-goes") < h.log.indexOf("+comes"));
  assert.equal(h.events.filter((event) => event.type === "list").length, 2);
});

test("410 as a status, 410 in the middle of pages, and ERROR events of other kinds are all survived", async () => {
  let pages = 0;
  let watches = 0;
  const h = await start(
    {
      intercept: (request) => {
        if (request.query.get("continue") !== null && pages++ === 0)
          return { status: 410, body: { reason: "Expired", code: 410 } };
        if (!request.watch) return undefined;
        watches += 1;
        if (watches === 1) return { status: 410, body: { reason: "Gone", code: 410 } };
        if (watches === 2)
          return {
            stream: ['{"type":"ERROR","object":{"code":500,"reason":"InternalError","message":"etcd"}}\n'],
            end: "close",
          };
        if (watches === 3) return { stream: ['{"type":"ADDED","object":{"metadata":{"na'], end: "close" };
        if (watches === 4) return { stream: ["not json\n"], end: "close" };
        if (watches === 5) return { status: 429, headers: { "retry-after": "1" }, body: { reason: "TooManyRequests" } };
        return undefined;
      },
    },
    { pageSize: 1 },
    (fake) => {
      for (const name of ["a", "b"]) fake.put(collection, model(name));
    },
  );
  await h.until(() => h.fake.openWatches === 1, "watching after all of it");
  h.fake.put(collection, model("c"));
  await h.until(() => h.log.includes("+c"), "follows");
  assert.deepEqual(h.log, ["+a", "+b", "synced", "+c"]);
  const throttled = h.events.find((event) => event.type === "failure" && event.code === "rate_limited");
  assert.ok(throttled?.type === "failure" && throttled.delayMs >= 1000);
});

test("a storm of errors is waited out with growing pauses, never given up", async () => {
  let failing = 12;
  const h = await start(
    { intercept: () => (failing-- > 0 ? { status: 500, body: {} } : undefined) },
    { random: () => 0.5 },
  );
  await h.until(() => h.log.includes("synced"), "synced in the end");
  const delays = h.events.flatMap((event) => (event.type === "failure" ? [event.delayMs] : []));
  assert.equal(delays.length, 12);
  assert.deepEqual(delays.slice(0, 4), [600, 1200, 2400, 4800]);
  assert.equal(delays.at(-1), 22_500);
});

test("a watch that ends at once, again and again, is not asked for without pause", async () => {
  const h = await start({ intercept: (request) => (request.watch ? { stream: [], end: "close" } : undefined) });
  await sleep(600);
  const watches = h.fake.requests.filter((request) => request.watch).length;
  assert.ok(watches < 20, `${watches} watches`);
});

test("a server that accepts a watch and falls silent is left when the watch's own time is over", async () => {
  let hung = 0;
  const clock: Clock = {
    ...systemClock,
    sleep: (ms, signal) => systemClock.sleep(ms > 15_000 ? 100 : ms / 100, signal),
  };
  const h = await start(
    { intercept: (request) => (request.watch && hung++ === 0 ? { stream: [" \n"], end: "never" } : undefined) },
    { clock, watchSeconds: [1, 2] },
  );
  await h.until(() => h.fake.requests.filter((request) => request.watch).length > 1, "second watch");
});

test("rotated tokens are used from the next request on", async () => {
  let token = "one";
  const h = await start(
    { tokens: () => [token] },
    {},
    (fake) => void fake.put(collection, model("a")),
    () => token,
  );
  await h.until(() => h.fake.openWatches === 1, "watching");
  token = "two";
  h.fake.cutWatches();
  h.fake.put(collection, model("b"));
  await h.until(() => h.log.includes("+b"), "seen with the new token");
});

test("the same name with another uid is a deletion and a creation", async () => {
  const h = await start(
    {},
    {},
    (fake) => void fake.put(collection, { ...model("a"), metadata: { name: "a", uid: "1" } }),
  );
  await h.until(() => h.fake.openWatches === 1, "watching");
  h.fake.intercept = () => "reset";
  h.fake.cutWatches();
  h.fake.store.delete(collection, "a");
  h.fake.put(collection, { ...model("a"), metadata: { name: "a", uid: "2" } });
  h.fake.store.compact();
  h.fake.intercept = undefined;
  await h.until(() => h.log.filter((entry) => entry === "+a").length === 2, "created again");
  assert.deepEqual(h.log, ["+a", "synced", "-a", "+a"]);
});

test("stopping ends an open watch at once", async () => {
  const h = await start();
  await h.until(() => h.fake.openWatches === 1, "watching");
  const before = performance.now();
  await closing.pop()?.();
  assert.ok(performance.now() - before < 2_000);
});

test("after the first list of whole objects only metadata is asked for, also in lists", async () => {
  const kinds: string[] = [];
  const h = await start(
    {},
    {
      watchMetadata: true,
      pageSize: 2,
      handler: {
        onUpsert: (object) => kinds.push(`${object.metadata.name} ${object.kind} ${"spec" in object}`),
        onDelete: (gone) => kinds.push(`-${gone.metadata.name}`),
      },
    },
    (fake) => {
      for (const name of ["a", "b", "c"]) fake.put(collection, model(name));
    },
  );
  await h.until(() => h.fake.openWatches === 1, "the watch");
  assert.deepEqual(
    kinds.splice(0),
    ["a", "b", "c"].map((name) => `${name} ClusterBaseModel true`),
  );
  h.fake.put(collection, model("b", { changed: true }));
  await h.until(() => kinds.length === 1, "the change");
  h.fake.put(collection, model("c", { changed: true }));
  h.fake.store.delete(collection, "a");
  h.fake.store.compact();
  h.fake.cutWatches();
  h.fake.put(collection, model("d"));
  await h.until(() => kinds.some((kind) => kind.startsWith("d ")), "what came after the compaction");
  assert.ok(kinds.includes("-a"));
  for (const name of ["b", "c", "d"]) assert.ok(kinds.includes(`${name} PartialObjectMetadata false`), kinds.join());
  const lists = h.fake.requests.filter(({ watch, method }) => method === "GET" && !watch);
  assert.deepEqual(
    lists.slice(0, 2).map(({ metadataOnly }) => metadataOnly),
    [false, false],
  );
  assert.ok(lists.slice(2).every(({ metadataOnly }) => metadataOnly));
});
