import assert from "node:assert/strict";
import { test } from "node:test";
import { createGopher, type Gopher } from "../../../src/agent/gopher/gopher.ts";
import type {
  CheckOutcome,
  DeliveryReport,
  DeliveryWatch,
  ModelWorker,
} from "../../../src/agent/gopher/model-worker.ts";
import type { ModelWish } from "../../../src/agent/model-wish.ts";
import type { ModelStatus } from "../../../src/agent/status/model-status.ts";
import { StorageError } from "../../../src/errors.ts";
import { silentLogger } from "../../../src/telemetry/logger.ts";
import { type ManualClock, manualClock, settle } from "../../support/manual-clock.ts";

const report: DeliveryReport = { files: 3, bytes: 30, filesVerifiedBySource: 3, fetchedBytes: 30, resumedBytes: 0 };

function wish(name: string, changes: Partial<ModelWish> = {}): ModelWish {
  return {
    key: `clusterbasemodel/${name}`,
    identity: { kind: "ClusterBaseModel", namespace: "", name },
    mode: "deliver",
    storageUri: `s3://bucket/${name}`,
    displayUri: `s3://bucket/${name}`,
    path: `/models/${name}`,
    root: "/models",
    parameters: {},
    secret: undefined,
    reuse: false,
    inherited: false,
    keepFiles: false,
    priority: 0,
    fingerprint: `${name}-1`,
    content: `content of ${name}`,
    origin: `${name}.yaml:1`,
    ...changes,
  };
}

interface Delivery {
  readonly wish: ModelWish;
  readonly watch: DeliveryWatch;
  readonly signal: AbortSignal;
  succeed(): void;
  fail(error: Error): void;
}

interface House {
  readonly gopher: Gopher;
  readonly clock: ManualClock;
  readonly deliveries: Delivery[];
  /** What happened, in order. */
  readonly log: string[];
  readonly onDisk: Set<string>;
  readonly last: (name: string) => string | undefined;
  readonly statuses: Map<string, ModelStatus>;
}

function house(deliveriesAtOnce = 2): House {
  const clock = manualClock();
  const deliveries: Delivery[] = [];
  const log: string[] = [];
  const onDisk = new Set<string>();
  const lastState = new Map<string, string>();
  const statuses = new Map<string, ModelStatus>();
  const worker: ModelWorker = {
    check: async (asked): Promise<CheckOutcome> =>
      asked.mode !== "deliver" || onDisk.has(`${asked.path} ${asked.content}`)
        ? { state: "ready", report }
        : { state: "needed", placed: false },
    deliver: (asked, watch, signal) =>
      new Promise((resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
        deliveries.push({
          wish: asked,
          watch,
          signal,
          succeed: () => {
            onDisk.add(`${asked.path} ${asked.content}`);
            resolve(report);
          },
          fail: reject,
        });
      }),
    remove: async (path) => {
      log.push(`remove ${path}`);
      for (const entry of onDisk) if (entry.startsWith(`${path} `)) onDisk.delete(entry);
    },
  };
  const gopher = createGopher({
    worker,
    publisher: {
      publish: (status) => {
        const text = `${status.identity.name} ${status.state} ${status.reason}`;
        if (lastState.get(status.identity.name) !== text) log.push(text);
        lastState.set(status.identity.name, text);
        statuses.set(status.identity.name, status);
      },
      withdraw: (_, identity) => {
        log.push(`${identity.name} withdrawn`);
        lastState.delete(identity.name);
      },
      close: async () => {},
    },
    observer: { delivered: () => {}, failed: () => {}, checked: () => {}, transferEvent: () => {} },
    limits: { deliveries: deliveriesAtOnce, checks: 4, noProgressMs: 600_000, overallMs: undefined },
    clock,
    random: () => 0,
    logger: silentLogger,
  });
  return { gopher, clock, deliveries, log, onDisk, last: (name) => lastState.get(name), statuses };
}

const unavailable = new StorageError({ code: "unavailable", operation: "list", detail: "503", hint: "Wait." });

test("a wish goes from Queued over Downloading to Ready", async () => {
  const { gopher, deliveries, log } = house();
  gopher.apply([wish("a")], []);
  await settle();
  const progress = {
    phase: "downloading",
    totalBytes: 30,
    completedBytes: 10,
    totalFiles: 3,
    completedFiles: 1,
    bytesPerSecond: 5,
    activeFiles: [],
  } as const;
  deliveries[0]?.watch.onProgress(progress);
  deliveries[0]?.watch.onProgress({ ...progress, phase: "finalizing" });
  deliveries[0]?.succeed();
  await settle();
  assert.deepEqual(log, [
    "a Updating Queued",
    "a Updating Resolving",
    "a Updating Downloading",
    "a Updating Verifying",
    "a Ready Ready",
  ]);
});

test("what is proven on disk is Ready at once, without a flap and without a delivery", async () => {
  const { gopher, deliveries, log, onDisk } = house();
  onDisk.add("/models/a content of a");
  gopher.apply([wish("a")], []);
  await settle();
  assert.deepEqual(log, ["a Ready Ready"]);
  assert.equal(deliveries.length, 0);
});

test("deleting aborts the download at once, then removes its files, then withdraws; nothing is said afterwards", async () => {
  const { gopher, deliveries, log } = house(1);
  gopher.apply([wish("a"), wish("b")], []);
  await settle();
  gopher.apply([], ["clusterbasemodel/a"]);
  await settle();
  assert.ok(deliveries[0]?.signal.aborted);
  assert.deepEqual(
    log.filter((line) => line.includes("a ") || line.includes("/a")),
    ["a Updating Queued", "a Updating Resolving", "remove /models/a", "a withdrawn"],
  );
});

test("a delete does not wait while every worker is busy", async () => {
  const { gopher, log, onDisk } = house(1);
  onDisk.add("/models/old content of old");
  gopher.apply([wish("old"), wish("a"), wish("b")], []);
  await settle();
  gopher.apply([], ["clusterbasemodel/old"]);
  await settle();
  assert.deepEqual(log.slice(-2), ["remove /models/old", "old withdrawn"]);
});

test("files stay when the manifest says so", async () => {
  const { gopher, log, onDisk } = house();
  onDisk.add("/models/a content of a");
  gopher.apply([wish("a", { keepFiles: true })], []);
  await settle();
  gopher.apply([], ["clusterbasemodel/a"]);
  await settle();
  assert.deepEqual(log, ["a Ready Ready", "a withdrawn"]);
});

test("that files are to stay is published at once, because the next run may have to act on it", async () => {
  const { gopher, statuses, log, onDisk } = house();
  onDisk.add("/models/a content of a");
  gopher.apply([wish("a")], []);
  await settle();
  assert.equal(statuses.get("a")?.keepFiles, false);
  gopher.apply([wish("a", { keepFiles: true })], []);
  await settle();
  assert.equal(statuses.get("a")?.keepFiles, true);
  assert.deepEqual(log, ["a Ready Ready"]);
});

test("a failure is retried after its delay, and at once when the manifest changes", async () => {
  const { gopher, clock, deliveries, last } = house();
  gopher.apply([wish("a")], []);
  await settle();
  deliveries[0]?.fail(unavailable);
  await settle();
  assert.equal(last("a"), "a Failed SourceUnreachable");
  await clock.advance(999);
  assert.equal(deliveries.length, 1);
  await clock.advance(1);
  assert.equal(deliveries.length, 2);
  deliveries[1]?.fail(unavailable);
  await settle();
  gopher.apply([wish("a", { fingerprint: "a-2" })], []);
  await settle();
  assert.equal(deliveries.length, 3);
});

test("repeating the same wish does not shorten the delay", async () => {
  const { gopher, deliveries } = house();
  gopher.apply([wish("a")], []);
  await settle();
  deliveries[0]?.fail(unavailable);
  await settle();
  gopher.apply([wish("a", { priority: 3 })], []);
  await settle();
  assert.equal(deliveries.length, 1);
});

test("the newest wish wins: the old download is aborted before the new one starts", async () => {
  const { gopher, deliveries, last } = house();
  gopher.apply([wish("a")], []);
  await settle();
  gopher.apply([wish("a", { fingerprint: "a-2", content: "second" })], []);
  gopher.apply([wish("a", { fingerprint: "a-3", content: "third" })], []);
  await settle();
  assert.ok(deliveries[0]?.signal.aborted);
  assert.deepEqual(
    deliveries.map((delivery) => delivery.wish.content),
    ["content of a", "third"],
  );
  deliveries[1]?.succeed();
  await settle();
  assert.equal(last("a"), "a Ready Ready");
});

test("a download that ends just as something else is wanted, or nothing, makes nobody Ready", async () => {
  const { gopher, deliveries, log } = house();
  gopher.apply([wish("a"), wish("b")], []);
  await settle();
  gopher.apply([wish("a", { path: "/models/elsewhere", fingerprint: "a-2" })], ["clusterbasemodel/b"]);
  deliveries[0]?.succeed();
  deliveries[1]?.succeed();
  await settle();
  assert.ok(log.includes("remove /models/a") && log.includes("b withdrawn"));
  assert.ok(!log.some((line) => line.includes("Ready")), log.join("\n"));
  deliveries[2]?.succeed();
  await settle();
  assert.equal(log.at(-1), "a Ready Ready");
});

test("two models on one path: the second is Failed and names the first, until the first goes", async () => {
  const { gopher, deliveries, last, log } = house();
  gopher.apply([wish("a", { path: "/models/x" }), wish("b", { path: "/models/x" })], []);
  await settle();
  deliveries[0]?.succeed();
  await settle();
  assert.equal(last("b"), "b Failed PathConflict");
  gopher.apply([], ["clusterbasemodel/a"]);
  await settle();
  assert.ok(log.includes("remove /models/x"));
  assert.equal(deliveries[1]?.wish.identity.name, "b");
});

test("equal content on one path is shared: one download, both Ready, files stay until the last is deleted", async () => {
  const { gopher, deliveries, last, log } = house();
  const shared = { path: "/models/x", content: "equal" };
  gopher.apply([wish("a", shared), wish("b", shared)], []);
  await settle();
  assert.equal(deliveries.length, 1);
  deliveries[0]?.succeed();
  await settle();
  assert.deepEqual([last("a"), last("b"), deliveries.length], ["a Ready Ready", "b Ready Ready", 1]);
  gopher.apply([], ["clusterbasemodel/a"]);
  await settle();
  assert.ok(!log.includes("remove /models/x"));
  gopher.apply([], ["clusterbasemodel/b"]);
  await settle();
  assert.ok(log.includes("remove /models/x"));
});

test("a renamed model keeps its files", async () => {
  const { gopher, deliveries, last, log, onDisk } = house();
  const shared = { path: "/models/x", content: "equal" };
  onDisk.add("/models/x equal");
  gopher.apply([wish("a", shared)], []);
  await settle();
  gopher.apply([wish("b", shared)], ["clusterbasemodel/a"]);
  await settle();
  assert.deepEqual([last("b"), deliveries.length], ["b Ready Ready", 0]);
  assert.ok(!log.some((line) => line.startsWith("remove")));
});

test("a model that moves leaves nothing behind", async () => {
  const { gopher, deliveries, log, onDisk } = house();
  onDisk.add("/models/a content of a");
  gopher.apply([wish("a")], []);
  await settle();
  gopher.apply([wish("a", { path: "/models/elsewhere", fingerprint: "a-2" })], []);
  await settle();
  assert.ok(log.includes("remove /models/a"));
  assert.equal(deliveries[0]?.wish.path, "/models/elsewhere");
});

test("while a model moves its status names the place that its files leave, for the case that this is cut short", async () => {
  const { gopher, statuses, onDisk } = house();
  onDisk.add("/models/a content of a");
  gopher.apply([wish("a")], []);
  await settle();
  assert.equal(statuses.get("a")?.formerPath, undefined);
  gopher.apply([wish("a", { path: "/models/elsewhere", fingerprint: "a-2" })], []);
  await Promise.resolve();
  assert.deepEqual([statuses.get("a")?.path, statuses.get("a")?.formerPath], ["/models/elsewhere", "/models/a"]);
  await settle();
  assert.equal(statuses.get("a")?.formerPath, undefined);
});

test("damage leaves Ready and is repaired; late news of a model that changed since is ignored", async () => {
  const { gopher, deliveries, last, onDisk } = house();
  onDisk.add("/models/a content of a");
  gopher.apply([wish("a")], []);
  await settle();
  const [seen] = gopher.readyModels();
  assert.ok(seen);
  onDisk.clear();
  const damage = new StorageError({ code: "checksum_mismatch", operation: "verify", detail: "differs", hint: "Wait." });
  gopher.reportDamage(seen, damage);
  assert.equal(last("a"), "a Updating Repairing");
  await settle();
  assert.equal(deliveries.length, 1);
  deliveries[0]?.succeed();
  await settle();
  gopher.reportDamage(seen, damage);
  await settle();
  assert.equal(last("a"), "a Ready Ready");
});

test("what an earlier run left is removed, unless it is wished for again", async () => {
  const { gopher, log } = house();
  const orphan = {
    key: "clusterbasemodel/gone",
    identity: { kind: "ClusterBaseModel", namespace: "", name: "gone" },
    path: "/models/gone",
    keepFiles: false,
    displayUri: "s3://bucket/gone",
    origin: "gone.yaml:1",
  } as const;
  gopher.apply([wish("kept", { path: "/models/kept" })], []);
  gopher.removeOrphan({ ...orphan, key: "clusterbasemodel/kept", path: "/models/kept" });
  gopher.removeOrphan({ ...orphan, key: "clusterbasemodel/renamed", path: "/models/kept" });
  gopher.removeOrphan(orphan);
  await settle();
  assert.deepEqual(
    log.filter((line) => line.startsWith("remove")),
    ["remove /models/gone"],
  );
});

test("a download without progress is aborted and counted as stalled", async () => {
  const { gopher, clock, deliveries, last } = house();
  gopher.apply([wish("a")], []);
  await settle();
  const progress = {
    phase: "downloading",
    totalBytes: 30,
    totalFiles: 3,
    completedFiles: 0,
    bytesPerSecond: 0,
    activeFiles: [],
  } as const;
  deliveries[0]?.watch.onProgress({ ...progress, completedBytes: 1 });
  await clock.advance(500_000);
  deliveries[0]?.watch.onProgress({ ...progress, completedBytes: 2 });
  await clock.advance(599_000);
  deliveries[0]?.watch.onProgress({ ...progress, completedBytes: 2 });
  assert.equal(last("a"), "a Updating Downloading");
  await clock.advance(1_000);
  assert.equal(last("a"), "a Failed Stalled");
});

test("stopping aborts everything, waits for it, and reports no failure", async () => {
  const { gopher, deliveries, last } = house();
  gopher.apply([wish("a")], []);
  await settle();
  await gopher.stop();
  assert.ok(deliveries[0]?.signal.aborted);
  assert.equal(last("a"), "a Updating Resolving");
});

test("a defect in the worker is a failure of that model only", async () => {
  const { gopher, deliveries, last } = house();
  gopher.apply([wish("a"), wish("b")], []);
  await settle();
  deliveries[0]?.fail(new TypeError("boom"));
  deliveries[1]?.succeed();
  await settle();
  assert.deepEqual([last("a"), last("b")], ["a Failed InternalError", "b Ready Ready"]);
});

test("files that an earlier run left at another place go before the model comes to its new one", async () => {
  const { gopher, deliveries, log } = house();
  const moved = wish("a", { path: "/models/new" });
  gopher.apply([moved], []);
  gopher.removeOrphan({ ...moved, path: "/models/old" });
  await settle();
  deliveries[0]?.succeed();
  await settle();
  assert.deepEqual(log, ["a Updating Queued", "remove /models/old", "a Updating Resolving", "a Ready Ready"]);
});
