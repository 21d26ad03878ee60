import assert from "node:assert/strict";
import { test } from "node:test";
import { artifactOf } from "../../../src/agent/cluster/model-artifact.ts";

const facts = {
  key: "clusterbasemodel.a",
  path: "/m/a",
  sha: "",
  target: undefined,
  targetKey: undefined,
  sharers: [],
  former: undefined,
};

test("a repository's files have their commit and their own place", () => {
  const artifact = artifactOf({ ...facts, sha: "abc", sharers: ["/m/b"] });
  assert.deepEqual(artifact, { sha: "abc", parentPath: { "clusterbasemodel.a": "/m/a" }, childrenPaths: ["/m/b"] });
  assert.equal(artifactOf({ ...facts, sha: "abc" })?.childrenPaths, null);
});

test("there is no record of what is neither from a repository nor shared", () => {
  assert.equal(artifactOf(facts), undefined);
});

test("who shares names the model that has the files, also when that model is gone", () => {
  const shared = { ...facts, sha: "abc", target: "/m/p" };
  assert.deepEqual(artifactOf({ ...shared, targetKey: "clusterbasemodel.p" })?.parentPath, {
    "clusterbasemodel.p": "/m/p",
  });
  const former = { sha: "abc", parentPath: { "clusterbasemodel.q": "/m/p" } };
  assert.deepEqual(artifactOf({ ...shared, former })?.parentPath, { "clusterbasemodel.q": "/m/p" });
  assert.deepEqual(artifactOf(shared)?.parentPath, { "clusterbasemodel.a": "/m/p" });
});
