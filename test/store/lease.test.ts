import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { isStorageError } from "../../src/errors.ts";
import { acquireLease, type Lease, readLeaseOwner } from "../../src/store/lease.ts";
import { formatLease, type LeaseOwner } from "../../src/store/lease-file.ts";
import { ownIdentity } from "../../src/store/process-identity.ts";
import { type Clock, systemClock } from "../../src/telemetry/clock.ts";
import { scratchDirectory } from "../support/scratch-directory.ts";

/** Time that runs a hundred times as fast, so that heartbeats and polls come within milliseconds. */
function fastClock(): Clock {
  const start = Date.now();
  return {
    now: () => start + (Date.now() - start) * 100,
    monotonic: () => (Date.now() - start) * 100,
    sleep: (ms, signal) => systemClock.sleep(ms / 100, signal),
  };
}

async function leave(directory: string, changes: Partial<LeaseOwner>, ageMs = 0): Promise<LeaseOwner> {
  const owner = {
    ...ownIdentity(),
    token: "left-behind",
    purpose: "download",
    instance: "",
    acquiredAt: Date.now(),
    ...changes,
  };
  await mkdir(join(directory, ".model-agent"), { recursive: true });
  const path = join(directory, ".model-agent/lease.json");
  await writeFile(path, formatLease(owner));
  const time = (Date.now() - ageMs) / 1000;
  await utimes(path, time, time);
  return owner;
}

async function refusal(directory: string, options: { instance?: string } = {}): Promise<Error> {
  return acquireLease({ directory, purpose: "download", ...options }).then(
    () => assert.fail("the lease was given"),
    (error: unknown) => {
      assert.ok(isStorageError(error));
      assert.equal(error.code, "unavailable");
      return error;
    },
  );
}

async function taken(directory: string, options: { instance?: string } = {}): Promise<boolean> {
  const lease = await acquireLease({ directory, purpose: "download", ...options });
  const owner = await readLeaseOwner(directory);
  await lease.release();
  return owner?.token === lease.token;
}

test("the second writer is told who the first one is, and gets the lease when it is released", async (t) => {
  const directory = join(await scratchDirectory(t), "a/b");
  const first = await acquireLease({ directory, purpose: "agent" });
  assert.equal(first.waited, false);
  const error = await refusal(directory);
  assert.match(error.message, new RegExp(`another agent \\(process ${process.pid} on .*since \\d{4}-`));
  await first.release();
  assert.ok(!existsSync(join(directory, ".model-agent")), "an unused metadata directory is no litter");
  assert.ok(await taken(directory));
});

test("a writer that waits gets the lease after the first one, and knows that it waited", async (t) => {
  const directory = await scratchDirectory(t);
  const clock = fastClock();
  const first = await acquireLease({ directory, purpose: "download", clock });
  let holder: number | undefined;
  const second = acquireLease({ directory, purpose: "download", clock, wait: true, onWait: (o) => (holder = o?.pid) });
  await systemClock.sleep(30);
  assert.equal(holder, process.pid);
  await first.release();
  const lease = await second;
  assert.equal(lease.waited, true);
  await lease.release();
});

test("waiting ends when it is aborted", async (t) => {
  const directory = await scratchDirectory(t);
  const first = await acquireLease({ directory, purpose: "download" });
  t.after(() => first.release());
  const signal = AbortSignal.timeout(20);
  const cancel = new AbortController();
  const waiting = [
    acquireLease({ directory, purpose: "download", wait: true, signal }),
    acquireLease({ directory, purpose: "download", wait: true, signal: cancel.signal }),
  ];
  cancel.abort();
  const codes = (await Promise.allSettled(waiting)).map((result) => result.status === "rejected" && result.reason.code);
  assert.deepEqual(codes, ["timeout", "cancelled"]);
});

test("the lease of a process that was killed is taken over at once", async (t) => {
  const directory = await scratchDirectory(t);
  const script = `
    import { acquireLease } from ${JSON.stringify(import.meta.resolve("../../src/store/lease.ts"))};
    await acquireLease({ directory: ${JSON.stringify(directory)}, purpose: "download" });
    console.log("held");
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  assert.match((await refusal(directory)).message, new RegExp(`process ${child.pid} `));
  child.kill("SIGKILL");
  await once(child, "exit");
  assert.ok(await taken(directory));
});

test("a process number that another process got since does not keep a lease", async (t) => {
  const directory = await scratchDirectory(t);
  const { startTime } = ownIdentity();
  if (startTime === "") return t.skip("this system does not tell when a process began");
  await leave(directory, { startTime: `${Number(startTime) - 1}` });
  assert.ok(await taken(directory));
});

test("a holder in another container or on another machine counts as alive for 30 seconds after its last heartbeat", async (t) => {
  for (const elsewhere of [{ pidNamespace: "pid:[1]" }, { bootId: "other", host: "other" }]) {
    const directory = await scratchDirectory(t);
    await leave(directory, elsewhere, 20_000);
    await refusal(directory);
    await leave(directory, elsewhere, 31_000);
    assert.ok(await taken(directory));
  }
});

test("a living process on this machine keeps its lease however old its heartbeat is", async (t) => {
  const directory = await scratchDirectory(t);
  await leave(directory, {}, 3_600_000);
  await refusal(directory);
});

test("an earlier life of the same instance is replaced at once, another instance is not", async (t) => {
  const directory = await scratchDirectory(t);
  await leave(directory, { pidNamespace: "pid:[1]", instance: "pod-1" });
  await refusal(directory, { instance: "pod-2" });
  assert.ok(await taken(directory, { instance: "pod-1" }));
});

test("a half-written lease counts until it is 30 seconds old", async (t) => {
  const directory = await scratchDirectory(t);
  await leave(directory, {});
  const path = join(directory, ".model-agent/lease.json");
  await writeFile(path, '{"format":');
  assert.match((await refusal(directory)).message, /it is held by another process/);
  await utimes(path, Date.now() / 1000 - 31, Date.now() / 1000 - 31);
  assert.ok(await taken(directory));
});

test("the heartbeat moves the lease's time on", async (t) => {
  const directory = await scratchDirectory(t);
  const clock = fastClock();
  const lease = await acquireLease({ directory, purpose: "download", clock });
  t.after(() => lease.release());
  const path = join(directory, ".model-agent/lease.json");
  for (let tries = 0; tries < 200; tries++) {
    const { mtimeMs } = await stat(path);
    if (mtimeMs > Date.now() + 3_000) return;
    await systemClock.sleep(20);
  }
  assert.fail("no heartbeat");
});

test("a holder whose lease was taken over notices, and leaves the new lease alone", async (t) => {
  const directory = await scratchDirectory(t);
  const lease = await acquireLease({ directory, purpose: "download", clock: fastClock() });
  await lease.assertHeld();
  await leave(directory, { token: "new", purpose: "agent" });
  if (!lease.lost.aborted) await once(lease.lost, "abort");
  await assert.rejects(lease.assertHeld(), /taken over by another agent/);
  await lease.release();
  assert.match(await readFile(join(directory, ".model-agent/lease.json"), "utf8"), /"token":"new"/);
});

test("a batch notices a lost lease without waiting for a heartbeat", async (t) => {
  const directory = await scratchDirectory(t);
  const lease = await acquireLease({ directory, purpose: "download" });
  t.after(() => lease.release());
  await leave(directory, { token: "new" });
  await assert.rejects(lease.assertHeld(), { code: "unavailable" });
});

test("of many contenders for an abandoned lease one at a time holds it", async (t) => {
  const directory = await scratchDirectory(t);
  await leave(directory, { pidNamespace: "pid:[1]" }, 40_000);
  const clock = fastClock();
  let holders = 0;
  let turns = 0;
  const contend = async (): Promise<void> => {
    const lease: Lease = await acquireLease({ directory, purpose: "download", wait: true, clock });
    holders += 1;
    turns += 1;
    assert.equal(holders, 1);
    await lease.assertHeld();
    await systemClock.sleep(1);
    await lease.assertHeld();
    holders -= 1;
    await lease.release();
  };
  await Promise.all(Array.from({ length: 20 }, contend));
  assert.equal(turns, 20);
});
