import assert from "node:assert/strict";
import { test } from "node:test";
import { matchesNode, type NodeRequirement } from "../../../src/agent/ome/node-match.ts";

const node = { name: "node-1", labels: { zone: "a", gpus: "8", empty: "" } };

function one(requirement: NodeRequirement, semantics: "kubernetes" | "ome" = "kubernetes"): boolean {
  return matchesNode(node, { requiredTerms: [{ matchExpressions: [requirement] }] }, semantics);
}

test("a selector needs every pair", () => {
  assert.ok(matchesNode(node, { nodeSelector: { zone: "a", gpus: "8" } }, "kubernetes"));
  assert.ok(!matchesNode(node, { nodeSelector: { zone: "a", gpus: "4" } }, "kubernetes"));
  assert.ok(!matchesNode(node, { nodeSelector: { toString: "x" } }, "kubernetes"));
  assert.ok(matchesNode(node, {}, "kubernetes"));
});

test("operators", () => {
  assert.ok(one({ key: "zone", operator: "In", values: ["a", "b"] }));
  assert.ok(!one({ key: "zone", operator: "NotIn", values: ["a"] }));
  assert.ok(one({ key: "empty", operator: "Exists" }));
  assert.ok(one({ key: "missing", operator: "DoesNotExist" }));
  assert.ok(!one({ key: "zone", operator: "DoesNotExist" }));
  assert.ok(one({ key: "gpus", operator: "Gt", values: ["4"] }));
  assert.ok(!one({ key: "gpus", operator: "Gt", values: ["8"] }));
  assert.ok(one({ key: "gpus", operator: "Lt", values: ["10"] }));
  assert.ok(!one({ key: "zone", operator: "Near", values: ["a"] }));
});

test("a missing label: the scheduler's rule, and OME's behind the switch", () => {
  assert.ok(one({ key: "missing", operator: "NotIn", values: ["x"] }, "kubernetes"));
  assert.ok(!one({ key: "missing", operator: "NotIn", values: ["x"] }, "ome"));
  for (const semantics of ["kubernetes", "ome"] as const) {
    assert.ok(!one({ key: "missing", operator: "In", values: ["x"] }, semantics));
    assert.ok(!one({ key: "missing", operator: "Gt", values: ["1"] }, semantics));
  }
});

test("an empty term matches nothing in Kubernetes and everything in OME", () => {
  assert.ok(!matchesNode(node, { requiredTerms: [{}] }, "kubernetes"));
  assert.ok(matchesNode(node, { requiredTerms: [{}] }, "ome"));
  assert.ok(matchesNode(node, { requiredTerms: [] }, "kubernetes"));
});

test("text comparison of Gt and Lt only where OME has it", () => {
  assert.ok(!one({ key: "zone", operator: "Lt", values: ["b"] }, "kubernetes"));
  assert.ok(one({ key: "zone", operator: "Lt", values: ["b"] }, "ome"));
});

test("terms are alternatives, requirements of a term are not", () => {
  const wrong = { key: "zone", operator: "In", values: ["b"] };
  const right = { key: "zone", operator: "In", values: ["a"] };
  assert.ok(
    matchesNode(node, { requiredTerms: [{ matchExpressions: [wrong] }, { matchExpressions: [right] }] }, "kubernetes"),
  );
  assert.ok(!matchesNode(node, { requiredTerms: [{ matchExpressions: [right, wrong] }] }, "kubernetes"));
});

test("the node's name is a field", () => {
  const byName = (name: string) => ({
    requiredTerms: [{ matchFields: [{ key: "metadata.name", operator: "In", values: [name] }] }],
  });
  assert.ok(matchesNode(node, byName("node-1"), "kubernetes"));
  assert.ok(!matchesNode(node, byName("node-2"), "kubernetes"));
});
