import assert from "node:assert/strict";
import { test } from "node:test";
import type { Orphan } from "../../../src/agent/gopher/gopher.ts";
import type { ModelWish } from "../../../src/agent/model-wish.ts";
import type { FoundManifest } from "../../../src/agent/scout/found-model.ts";
import type { ManifestProblem } from "../../../src/agent/scout/manifest-problem.ts";
import type { ManifestBatch } from "../../../src/agent/scout/manifest-source.ts";
import { parseManifestFile } from "../../../src/agent/scout/parse-manifest-file.ts";
import { createScout } from "../../../src/agent/scout/scout.ts";
import type { AgentStatus } from "../../../src/agent/status/agent-status.ts";
import { silentLogger } from "../../../src/telemetry/logger.ts";
import { createMetrics } from "../../../src/telemetry/metrics.ts";
import { agentStatus, modelStatus } from "../../support/agent-status.ts";

function manifest(name: string, storage: string, more = ""): FoundManifest {
  const text = `apiVersion: ome.io/v1beta1
kind: ClusterBaseModel
metadata: { name: ${name} }
spec: { storage: { storageUri: ${storage} }${more} }
`;
  const [found] = parseManifestFile(text, `${name}.yaml`).documents;
  assert.ok(found);
  return found;
}

function scouting(saved?: AgentStatus) {
  const applied: { wishes: readonly ModelWish[]; gone: readonly string[] }[] = [];
  const released: string[] = [];
  const orphans: Orphan[] = [];
  const skipped = new Map<string, string>();
  let problems: readonly ManifestProblem[] = [];
  const scout = createScout({
    rules: { modelsRoot: "/models", allowedPaths: [] },
    gopher: {
      apply: (wishes, gone) => applied.push({ wishes, gone }),
      release: (keys) => released.push(...keys),
      removeOrphan: (orphan) => orphans.push(orphan),
    },
    board: {
      setProblems: (next) => {
        problems = next;
      },
      setSkipped: (key, next) => (next === undefined ? skipped.delete(key) : skipped.set(key, next.reason)),
    },
    metrics: createMetrics(),
    saved,
    logger: silentLogger,
  });
  const take = (changed: readonly FoundManifest[], more: Partial<ManifestBatch<FoundManifest>> = {}) => {
    scout.take({ changed, gone: [], problems: undefined, complete: true, ...more });
    return applied.at(-1);
  };
  return { take, released, orphans, skipped, problems: () => problems };
}

test("a manifest that can no longer be fulfilled keeps the wish that could, and is a problem", () => {
  const { take, problems } = scouting();
  take([manifest("a", '"s3://b/a"')]);
  const kept = take([manifest("a", '"s3://b/a", path: /etc/a')]);
  assert.equal(kept?.wishes[0]?.mode, "deliver");
  assert.equal(kept?.wishes[0]?.path, "/models/s3:/b/a");
  assert.match(problems()[0]?.message ?? "", /\/etc\/a/);
  assert.deepEqual([problems()[0]?.file, problems()[0]?.line], ["a.yaml", 1]);
  take([manifest("a", '"s3://b/a", path: /models/a')]);
  assert.deepEqual(problems(), []);
});

test("a manifest that never could be fulfilled is a wish that says why", () => {
  const { take } = scouting();
  assert.equal(take([manifest("a", '"s3://b/a", path: /etc/a')])?.wishes[0]?.mode, "refused");
});

test("a model that is disabled is released, not deleted", () => {
  const { take, released, skipped } = scouting();
  take([manifest("a", '"s3://b/a"')]);
  const batch = take([manifest("a", '"s3://b/a"', ", disabled: true")]);
  assert.deepEqual([batch?.wishes, batch?.gone, released], [[], [], ["clusterbasemodel/a"]]);
  assert.deepEqual([...skipped.keys()], ["clusterbasemodel/a"]);
  take([manifest("a", '"s3://b/a"')]);
  assert.equal(skipped.size, 0);
});

test("what an earlier run brought and nobody wishes for is removed, once, and only if the manifests are certain", () => {
  const saved = agentStatus([
    modelStatus("gone"),
    modelStatus("kept"),
    modelStatus("local", { managed: false }),
    modelStatus("off"),
  ]);
  const manifests = [
    manifest("kept", '"s3://b/kept", path: /models/kept'),
    manifest("off", '"s3://b/off"', ", disabled: true"),
  ];
  const certain = scouting(saved);
  certain.take(manifests);
  certain.take([manifest("new", '"s3://b/new"')]);
  assert.deepEqual(
    certain.orphans.map(({ key, path }) => [key, path]),
    [["clusterbasemodel/gone", "/models/gone"]],
  );
  const uncertain = scouting(saved);
  uncertain.take(manifests, { complete: false });
  assert.deepEqual(uncertain.orphans, []);
});

test("who held a directory before the restart is asked first", () => {
  const saved = agentStatus([modelStatus("b"), modelStatus("a", { managed: false, state: "Failed" })]);
  const { take } = scouting(saved);
  const batch = take([manifest("a", '"s3://b/a", path: /models/x'), manifest("b", '"s3://b/b", path: /models/x')]);
  assert.deepEqual(
    batch?.wishes.map(({ identity }) => identity.name),
    ["b", "a"],
  );
});

test("a model that was moved while no agent ran leaves its former place", () => {
  const { take, orphans } = scouting(agentStatus([modelStatus("a", { path: "/models/old", managed: true })]));
  take([manifest("a", '"s3://b/a", path: /models/new')]);
  assert.deepEqual(
    orphans.map(({ key, path }) => [key, path]),
    [["clusterbasemodel/a", "/models/old"]],
  );
});

test("a model whose move was cut short still leaves its former place, and so does one that was deleted since", () => {
  const moving = { path: "/models/new", formerPath: "/models/old" };
  const { take, orphans } = scouting(
    agentStatus([modelStatus("a", moving), modelStatus("b", { ...moving, formerPath: "/models/former" })]),
  );
  take([manifest("a", '"s3://b/a", path: /models/new')]);
  assert.deepEqual(
    orphans.map(({ key, path }) => [key, path]),
    [
      ["clusterbasemodel/a", "/models/old"],
      ["clusterbasemodel/b", "/models/former"],
    ],
  );
});
