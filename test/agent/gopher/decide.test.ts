import assert from "node:assert/strict";
import { test } from "node:test";
import { decide } from "../../../src/agent/gopher/decide.ts";
import { pathsOverlap } from "../../../src/agent/gopher/path-claims.ts";
import type { TaskView } from "../../../src/agent/gopher/task-view.ts";

const limits = { deliveries: 2, checks: 4 };
let sequence = 0;

function task(
  key: string,
  changes: Partial<TaskView> = {},
  wish: Partial<NonNullable<TaskView["wish"]>> = {},
): TaskView {
  const fingerprint = `${key}-1`;
  return {
    key,
    sequence: sequence++,
    wish: { path: `/models/${key}`, fingerprint, content: key, priority: 0, mode: "deliver", reuse: false, ...wish },
    activity: "none",
    runningFingerprint: undefined,
    cancelling: false,
    checkedFingerprint: fingerprint,
    readyFingerprint: undefined,
    placedPath: undefined,
    retryAt: undefined,
    ...changes,
  };
}

function delivering(key: string, changes: Partial<TaskView> = {}): TaskView {
  return task(key, {
    activity: "deliver",
    runningFingerprint: `${key}-1`,
    placedPath: `/models/${key}`,
    ...changes,
  });
}

const actions = (tasks: readonly TaskView[], now = 0): readonly string[] =>
  decide(tasks, now, limits).actions.map((action) => `${action.type} ${action.key}`);

test("a new wish is checked before it is delivered; a fulfilled one is left alone", () => {
  const fresh = task("a", { checkedFingerprint: undefined });
  const ready = task("b", { readyFingerprint: "b-1", placedPath: "/models/b" });
  assert.deepEqual(actions([fresh, ready, task("c")]), ["check a", "deliver c"]);
});

test("workers are bounded; who waits is served by priority, then by arrival", () => {
  const tasks = [task("a"), task("b"), task("c"), task("d", {}, { priority: 5 })];
  const decision = decide(tasks, 0, limits);
  assert.deepEqual(
    decision.actions.map((action) => action.key),
    ["d", "a"],
  );
  assert.deepEqual(decision.queued, ["b", "c"]);
});

test("deleting and cancelling wait behind nothing", () => {
  const busy = [delivering("a"), delivering("b")];
  const gone = task("c", { wish: undefined, placedPath: "/models/c" });
  const goneWhileRunning = delivering("d", { wish: undefined });
  assert.deepEqual(actions([...busy, gone, goneWhileRunning]), ["remove c", "cancel d"]);
});

test("a cancelled delivery is cancelled once, and what it held is removed after it settled", () => {
  assert.deepEqual(actions([delivering("a", { wish: undefined, cancelling: true })]), []);
  assert.deepEqual(actions([task("a", { wish: undefined, placedPath: "/models/a" })]), ["remove a"]);
});

test("a newer wish cancels the work for the older one; the same wish does not", () => {
  const edited = delivering("a", { runningFingerprint: "a-0" });
  assert.deepEqual(actions([edited]), ["cancel a"]);
  assert.deepEqual(actions([delivering("a")]), []);
});

test("a model that is wanted elsewhere leaves its old directory first", () => {
  assert.deepEqual(actions([task("a", { placedPath: "/models/old" })]), ["remove a"]);
});

test("a failed model waits for its time and says when that is", () => {
  const failed = task("a", { retryAt: 5000 });
  const later = task("b", { retryAt: 9000 });
  assert.deepEqual(actions([failed, later], 4999), []);
  assert.equal(decide([failed, later], 4999, limits).wakeAt, 5000);
  assert.deepEqual(actions([failed, later], 5000), ["deliver a"]);
});

test("of two models on one directory the first owns it; the second is a conflict and not queued", () => {
  const first = task("a", {}, { path: "/models/x" });
  const second = task("b", {}, { path: "/models/x" });
  const decision = decide([second, first], 0, limits);
  assert.deepEqual([...decision.conflicts], [["b", "a"]]);
  assert.deepEqual(decision.queued, []);
});

test("who has files there owns the directory, whoever came first", () => {
  const first = task("a", {}, { path: "/models/x" });
  const holder = task("b", { readyFingerprint: "b-1", placedPath: "/models/x" }, { path: "/models/x" });
  assert.deepEqual([...decide([first, holder], 0, limits).conflicts], [["a", "b"]]);
});

test("a directory inside another model's directory is a conflict too", () => {
  const outer = task("a", {}, { path: "/models/x" });
  const inner = task("b", {}, { path: "/models/x/y" });
  const beside = task("c", {}, { path: "/models/xy" });
  assert.deepEqual([...decide([outer, inner, beside], 0, limits).conflicts.keys()], ["b"]);
});

test("the same content at the same place is shared: one works, the other waits", () => {
  const same = { path: "/models/x", content: "equal" };
  const first = delivering("a", {
    wish: { ...same, fingerprint: "a-1", priority: 0, mode: "deliver", reuse: false },
    placedPath: "/models/x",
  });
  const second = task("b", { checkedFingerprint: undefined }, same);
  const decision = decide([first, second], 0, limits);
  assert.deepEqual([decision.actions, [...decision.conflicts], decision.queued], [[], [], ["b"]]);
});

test("nobody starts where a removal still runs", () => {
  const leaving = task("a", { wish: undefined, activity: "remove", placedPath: "/models/x" });
  const coming = task("b", {}, { path: "/models/x" });
  assert.deepEqual(decide([leaving, coming], 0, limits).queued, ["b"]);
  const both = [task("a", { wish: undefined, placedPath: "/models/x" }), task("b", {}, { path: "/models/x" })];
  assert.deepEqual(actions(both), ["remove a"]);
});

test("models without files of ours claim no directory and no worker", () => {
  const busy = [delivering("a"), delivering("b")];
  const local = task("c", {}, { path: "/models/a", mode: "present" });
  const vendor = task("d", {}, { path: "", mode: "external" });
  assert.deepEqual(actions([...busy, local, vendor]), ["check c", "check d"]);
});

test("overlap is by path segment", () => {
  assert.ok(pathsOverlap("/a/b", "/a/b/c"));
  assert.ok(!pathsOverlap("/a/b", "/a/bc"));
});

test("a model that may share waits for the one that brings the same content elsewhere", () => {
  const content = { content: "equal" };
  const reuse = { ...content, reuse: true };
  const busy = delivering("a", { wish: { ...task("a").wish!, ...content } });
  assert.deepEqual(actions([busy, task("b", {}, reuse)]), []);
  assert.deepEqual(actions([busy, task("b", {}, content)]), ["deliver b"]);
  const ready = task("a", { readyFingerprint: "a-1", placedPath: "/models/a" }, content);
  assert.deepEqual(actions([ready, task("b", {}, reuse)]), ["deliver b"]);
});

test("of models that may all share one goes first; it is the one that would be brought anyway", () => {
  const reuse = { content: "equal", reuse: true };
  assert.deepEqual(actions([task("a", {}, reuse), task("b", {}, reuse)]), ["deliver a"]);
  assert.deepEqual(actions([task("a", {}, reuse), task("b", {}, { content: "equal" })]), ["deliver b"]);
});

test("nobody waits for content that failed to come or that has no place to go", () => {
  const reuse = { content: "equal", reuse: true };
  const failed = task("a", { retryAt: 1000 }, { content: "equal" });
  assert.deepEqual(actions([failed, task("b", {}, reuse)]), ["deliver b"]);
  const owner = task("x", { readyFingerprint: "x-1", placedPath: "/models/x" }, { path: "/models/x" });
  const refused = task("a", {}, { content: "equal", path: "/models/x" });
  assert.deepEqual(actions([owner, refused, task("b", {}, reuse)]), ["deliver b"]);
});
