import assert from "node:assert/strict";
import { test } from "node:test";
import { fitEntries } from "../../../src/agent/cluster/fit-entries.ts";
import { type ModelEntry, parseModelEntry } from "../../../src/agent/ome/model-entry.ts";

function entry(name: string, configurationBytes: number): ModelEntry {
  return {
    name,
    status: "Ready",
    config: {
      modelType: "llama",
      decodedModelConfiguration: { architecture: "x".repeat(configurationBytes) },
      artifact: { sha: "abc", parentPath: { k: "/p" }, childrenPaths: null },
    },
  };
}

const bytes = (texts: ReadonlyMap<string, string>): number =>
  [...texts].reduce((sum, [key, text]) => sum + key.length + text.length, 0);

test("what fits is left alone", () => {
  const { texts, shortened } = fitEntries(new Map([["a", entry("a", 100)]]), 10_000);
  assert.deepEqual(shortened, []);
  assert.match(texts.get("a") ?? "", /decodedModelConfiguration/);
});

test("the largest configurations go first, and no more than has to", () => {
  const entries = new Map([
    ["small", entry("small", 100)],
    ["large", entry("large", 5_000)],
    ["middle", entry("middle", 2_000)],
  ]);
  const { texts, shortened } = fitEntries(entries, 3_000);
  assert.deepEqual(shortened, ["large"]);
  assert.ok(bytes(texts) <= 3_000);
  assert.equal(parseModelEntry(texts.get("large") ?? "")?.config?.modelType, "llama");
  assert.match(texts.get("middle") ?? "", /decodedModelConfiguration/);
});

test("when that is not enough only names, states and what deleting depends on remain", () => {
  const entries = new Map(Array.from({ length: 5 }, (_, index) => [`k${index}`, entry(`k${index}`, 500)]));
  const { texts, shortened } = fitEntries(entries, 300);
  assert.equal(shortened.length, 5);
  for (const text of texts.values()) {
    const left = parseModelEntry(text);
    assert.equal(left?.status, "Ready");
    assert.deepEqual(Object.keys(left?.config ?? {}), ["artifact"]);
    assert.equal(left?.config?.artifact?.sha, "abc");
  }
});

test("names count in bytes", () => {
  const entries = new Map([["k", { name: "ü".repeat(100), status: "Ready" } as ModelEntry]]);
  assert.deepEqual(fitEntries(entries, 1_000).shortened, []);
});
