import assert from "node:assert/strict";
import { test } from "node:test";
import { createCaching, type Expiring } from "../../src/auth/caching.ts";
import { StorageError } from "../../src/errors.ts";
import { type ManualClock, manualClock, settle } from "../support/manual-clock.ts";
import { watchSecrets } from "../support/secret-watch.ts";

const watch = watchSecrets();
const minute = 60_000;

interface Token extends Expiring {
  readonly name: string;
}

interface Script {
  readonly clock: ManualClock;
  readonly lifetimeMs?: number;
  readonly loadMs?: number;
  readonly maxAgeMs?: number;
}

function scripted({ clock, lifetimeMs = 60 * minute, loadMs = 100, maxAgeMs }: Script) {
  const state = { loads: 0, failing: false, aborted: 0 };
  const caching = createCaching<Token>({
    clock,
    logger: watch.logger,
    random: () => 0,
    maxAgeMs,
    load: async (signal) => {
      state.loads++;
      const name = `token ${state.loads}`;
      try {
        await clock.sleep(loadMs, signal);
      } catch (reason) {
        state.aborted++;
        throw reason;
      }
      if (state.failing)
        throw new StorageError({ code: "unavailable", operation: "load", detail: "no", hint: "Wait." });
      return lifetimeMs === Number.POSITIVE_INFINITY ? { name } : { name, expiration: clock.now() + lifetimeMs };
    },
  });
  const now = async (): Promise<string> => {
    const result = caching.resolve();
    await clock.advance(loadMs);
    return (await result).name;
  };
  return { caching, state, now };
}

test("a hundred callers share one load", async () => {
  const clock = manualClock();
  const { caching, state } = scripted({ clock });
  const callers = Array.from({ length: 100 }, () => caching.resolve());
  await clock.advance(100);
  assert.deepEqual(new Set((await Promise.all(callers)).map(({ name }) => name)), new Set(["token 1"]));
  assert.equal(state.loads, 1);
});

test("five minutes before expiry a refresh begins beside, and callers keep the valid value meanwhile", async () => {
  const clock = manualClock();
  const { state, now } = scripted({ clock });
  assert.equal(await now(), "token 1");
  await clock.advance(55 * minute - 2000);
  assert.equal(await now(), "token 1");
  assert.equal(state.loads, 1);
  await clock.advance(2000);
  assert.equal(await now(), "token 1", "the refresh was begun by this call");
  assert.equal(state.loads, 2);
  assert.equal(await now(), "token 2");
  assert.equal(state.loads, 2);
});

test("what lives fifteen minutes is refreshed three minutes before its end", async () => {
  const clock = manualClock();
  const { state, now } = scripted({ clock, lifetimeMs: 15 * minute });
  await now();
  await clock.advance(12 * minute - 1000);
  await now();
  assert.equal(state.loads, 1);
  await clock.advance(1000);
  await now();
  assert.equal(state.loads, 2);
});

test("the jitter only ever moves a refresh forward, by a fifth of the margin", async () => {
  const clock = manualClock();
  let loads = 0;
  const caching = createCaching<Expiring>({
    clock,
    logger: watch.logger,
    random: () => 0.999,
    load: async () => {
      loads++;
      return { expiration: clock.now() + 60 * minute };
    },
  });
  await caching.resolve();
  await clock.advance(53.9 * minute);
  await caching.resolve();
  await settle();
  assert.equal(loads, 1);
  await clock.advance(0.2 * minute);
  await caching.resolve();
  await settle();
  assert.equal(loads, 2);
});

test("in the last half minute callers wait for the refresh", async () => {
  const clock = manualClock();
  const { now } = scripted({ clock });
  await now();
  await clock.advance(60 * minute - 20_000);
  assert.equal(await now(), "token 2");
});

test("an expired value is never given out", async () => {
  const clock = manualClock();
  const { caching, state, now } = scripted({ clock });
  await now();
  state.failing = true;
  await clock.advance(60 * minute);
  const refused = watch.rejection(caching.resolve());
  await clock.advance(100);
  assert.equal((await refused).code, "unavailable");
});

test("a failed refresh leaves the valid value in use, is tried again after a pause, and warns", async () => {
  const clock = manualClock();
  const { state, now } = scripted({ clock });
  await now();
  state.failing = true;
  await clock.advance(56 * minute);
  assert.equal(await now(), "token 1");
  assert.equal(state.loads, 2);
  assert.equal(await now(), "token 1");
  assert.equal(state.loads, 2, "no storm of attempts while the value is valid");
  assert.ok(watch.messages.includes("warn credentials could not be refreshed, the present ones are still valid"));
  await clock.advance(10_000);
  assert.equal(await now(), "token 1");
  assert.equal(state.loads, 3);
  await clock.advance(4 * minute - 40_000);
  assert.equal(await now(), "token 1", "still valid in the last moment");
  state.failing = false;
  assert.equal(await now(), "token 5");
});

test("a failure is not remembered: the next call tries again at once", async () => {
  const clock = manualClock();
  const { caching, state, now } = scripted({ clock });
  state.failing = true;
  const refused = watch.rejection(caching.resolve());
  await clock.advance(100);
  await refused;
  state.failing = false;
  assert.equal(await now(), "token 2");
});

test("a caller's signal ends its own waiting, the others get their value", async () => {
  const clock = manualClock();
  const { caching, state } = scripted({ clock });
  const controller = new AbortController();
  const leaving = watch.rejection(caching.resolve({ signal: controller.signal }));
  const staying = caching.resolve();
  await settle();
  controller.abort();
  assert.equal((await leaving).code, "cancelled");
  await clock.advance(100);
  assert.equal((await staying).name, "token 1");
  assert.equal(state.aborted, 0);
  await clock.advance(60 * minute);
  const late = await watch.rejection(caching.resolve({ signal: AbortSignal.abort("a reason that is no error") }));
  assert.equal(late.code, "cancelled");
});

test("when nobody waits any more the load is ended, and the next caller starts a new one", async () => {
  const clock = manualClock();
  const { caching, state, now } = scripted({ clock });
  const controllers = [new AbortController(), new AbortController()];
  const leaving = controllers.map(({ signal }) => watch.rejection(caching.resolve({ signal })));
  await settle();
  for (const controller of controllers) controller.abort();
  await Promise.all(leaving);
  await settle();
  assert.equal(state.aborted, 1);
  assert.equal(await now(), "token 2");
});

test("a refused value is replaced at once, once for all that were refused together", async () => {
  const clock = manualClock();
  const { caching, state, now } = scripted({ clock });
  await now();
  await clock.advance(10 * minute);
  const refused = Array.from({ length: 100 }, () => caching.resolve({ forceRefresh: true }));
  await clock.advance(100);
  assert.deepEqual(new Set((await Promise.all(refused)).map(({ name }) => name)), new Set(["token 2"]));
  assert.equal((await caching.resolve({ forceRefresh: true })).name, "token 2", "a latecomer of the same refusal");
  assert.equal(state.loads, 2);
  state.failing = true;
  await clock.advance(6000);
  const again = watch.rejection(caching.resolve({ forceRefresh: true }));
  await clock.advance(100);
  assert.equal((await again).code, "unavailable", "the refused value is not given out again");
});

test("what does not expire is kept, or read again after its age", async () => {
  const clock = manualClock();
  const forever = scripted({ clock, lifetimeMs: Number.POSITIVE_INFINITY });
  await forever.now();
  await clock.advance(1000 * 60 * minute);
  assert.equal(await forever.now(), "token 1");
  const aging = scripted({ clock, lifetimeMs: Number.POSITIVE_INFINITY, maxAgeMs: 60 * minute });
  await aging.now();
  await clock.advance(60 * minute);
  assert.equal(await aging.now(), "token 1");
  assert.equal(await aging.now(), "token 2");
});

test("the request's own signal ends a load that is under way", async () => {
  const clock = manualClock();
  const controller = new AbortController();
  const caching = createCaching<Expiring>({
    clock,
    logger: watch.logger,
    signal: controller.signal,
    load: async (signal) => {
      await clock.sleep(1000, signal);
      return {};
    },
  });
  const waiting = assert.rejects(caching.resolve());
  await settle();
  controller.abort();
  await waiting;
});
