import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { collect } from "../../../../src/storage/collect.ts";
import { pauseOf } from "../../../../src/storage/providers/huggingface/rate-limit.ts";
import { type FakeHub, type FakeHubOptions, startFakeHub } from "../../../../src/testing/fake-hub/index.ts";
import { manualClock } from "../../../support/manual-clock.ts";
import { openHub } from "../../../support/open-hub.ts";
import { type QuickClock, quickClock } from "../../../support/quick-clock.ts";
import { watchSecrets } from "../../../support/secret-watch.ts";

const watch = watchSecrets();
/** The beginning of one of the Hub's windows. */
const windowStart = 1_800_000_000_000;

interface LimitedHub {
  readonly hub: FakeHub;
  readonly clock: QuickClock;
}

async function startHub(t: TestContext, options: FakeHubOptions): Promise<LimitedHub> {
  const clock = quickClock(windowStart + 280_000);
  const hub = await startFakeHub({ ...options, clock: () => clock.time });
  t.after(() => hub.close());
  hub.commit("org/model", { a: "a", b: "b" });
  return { hub, clock };
}

async function list(t: TestContext, { hub, clock }: LimitedHub, signal?: AbortSignal): Promise<number> {
  const { client, objectUri } = await openHub(hub, "hf://org/model", {
    clock,
    random: () => 0.5,
    logger: watch.logger,
  });
  t.after(() => client.close());
  return (await collect(client.list(objectUri, { signal }))).length;
}

const twoPerWindow = { api: { requests: 1, windowSeconds: 300 } };

for (const [headers, told] of [
  ["ratelimit", 20_000],
  ["retry-after", 20_000],
] as const) {
  test(`[F25] a used-up budget is waited for as ${headers} says, then the listing continues`, async (t) => {
    const limited = await startHub(t, { limits: twoPerWindow, limitHeaders: headers });
    assert.equal(await list(t, limited), 3);
    assert.ok(limited.clock.waits[0] !== undefined && limited.clock.waits[0] >= told, String(limited.clock.waits));
    assert.ok(limited.clock.waits[0] < told + 1_001);
  });
}

test("the answer that uses up a budget is enough: the refusal is never asked for", async (t) => {
  const limited = await startHub(t, { limits: twoPerWindow });
  await list(t, limited);
  assert.equal(limited.hub.limits.refused.get("api") ?? 0, 0);
});

test("[F25] a refusal that names no time is waited for longer every time, then told", async (t) => {
  const limited = await startHub(t, { limits: { api: { requests: 0, windowSeconds: 300 } }, limitHeaders: "none" });
  const error = await watch.rejection(list(t, limited));
  assert.deepEqual([error.code, error.retry, error.httpStatus, error.attempts], ["rate_limited", "exhausted", 429, 4]);
  assert.deepEqual(
    limited.clock.waits.slice(0, 3).map((ms) => Math.round(ms / 1000)),
    [6, 11, 21],
  );
  assert.equal(limited.hub.requests.length, 4);
  assert.match(error.hint, /requests with a token have larger limits/);
});

test("a pause longer than a window is not waited for, and nobody asks again meanwhile", async (t) => {
  const limited = await startHub(t, {
    intercept: () => ({ status: 429, headers: { "retry-after": "3600" }, body: "<html>slow down</html>" }),
  });
  const { client, objectUri } = await openHub(limited.hub, "hf://org/model", { clock: limited.clock });
  t.after(() => client.close());
  for (let attempt = 0; attempt < 5; attempt++) {
    const error = await watch.rejection(collect(client.list(objectUri)));
    assert.equal(error.code, "rate_limited");
    assert.equal(error.retry, "exhausted");
    assert.ok((error.retryAfterMs ?? 0) >= 3_590_000);
  }
  assert.equal(limited.hub.requests.length, 1, "one request found out for all");
  assert.deepEqual(limited.clock.waits, []);
});

test("[F25] a storm of readers sends one request into each new window until that one is let in", async (t) => {
  let refusals = 3;
  const clock = manualClock(windowStart);
  const hub = await startFakeHub({
    clock: () => clock.now(),
    intercept: ({ kind }) => {
      if (kind !== "resolve" || refusals === 0) return undefined;
      refusals -= 1;
      return { status: 429, headers: { ratelimit: '"resolvers";r=0;t=20' } };
    },
  });
  t.after(() => hub.close());
  hub.commit("org/model", Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`${n}.safetensors`, `${n}`])));
  const { client, objectUri } = await openHub(hub, "hf://org/model", { clock });
  t.after(() => client.close());
  const infos = (await collect(client.list(objectUri))).filter(({ key }) => key.endsWith(".safetensors"));
  const asked = async (count: number): Promise<void> => {
    while (hub.count("resolve") < count) await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.equal(hub.count("resolve"), count);
  };

  const located = infos.slice(0, 1).map((info) => client.locate(info.uri, { pin: info }));
  await asked(1);
  located.push(...infos.slice(1).map((info) => client.locate(info.uri, { pin: info })));
  await asked(1);
  for (const count of [2, 3]) {
    await clock.advance(22_000);
    await asked(count);
  }
  await clock.advance(22_000);
  const sources = await Promise.all(located);
  assert.ok(sources.every((source) => source.kind === "http" && source.url.startsWith(hub.store.url)));
  assert.equal(hub.count("resolve"), 40 + 3);
});

test("waiting for a window ends when its caller gives up", async (t) => {
  const hub = await startFakeHub({ intercept: () => ({ status: 429, headers: { ratelimit: '"api";r=0;t=300' } }) });
  t.after(() => hub.close());
  const { client, objectUri } = await openHub(hub, "hf://org/model");
  t.after(() => client.close());
  const error = await watch.rejection(collect(client.list(objectUri, { signal: AbortSignal.timeout(100) })));
  assert.equal(error.code, "timeout");
});

test("the fields of the Hub are read as it documents them", () => {
  const at = (headers: Record<string, string>, status = 200) => pauseOf({ status, headers }, windowStart);
  assert.equal(at({ ratelimit: '"api";r=499;t=55' }), undefined);
  assert.equal(at({ ratelimit: '"api";r=0;t=55' }), 55_000);
  assert.equal(at({ ratelimit: '"resolvers"; r = 0; t = 7' }, 429), 7_000);
  assert.equal(at({ ratelimit: '"api";r=12;t=55', "retry-after": "9" }, 429), 9_000);
  assert.equal(at({ "retry-after": new Date(windowStart + 4_000).toUTCString() }, 503), 4_000);
  assert.equal(at({ "retry-after": "9" }), undefined);
  assert.equal(at({ ratelimit: "nonsense" }, 429), undefined);
});
