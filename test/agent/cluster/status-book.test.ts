import assert from "node:assert/strict";
import { test } from "node:test";
import { StatusBook } from "../../../src/agent/cluster/status-book.ts";
import type { ModelIdentity } from "../../../src/agent/model-identity.ts";
import type { ModelEntry } from "../../../src/agent/ome/model-entry.ts";

const model = (name: string): ModelIdentity => ({ kind: "ClusterBaseModel", namespace: "", name });
const ready = (name: string): ModelEntry => ({ name, status: "Ready" });
const label = (name: string): string => `models.ome.io/clusterbasemodel.${name}`;
const key = (name: string): string => `clusterbasemodel.${name}`;
const present = new Map([
  [key("a"), "x"],
  [key("b"), "y"],
  ["foreign", "z"],
]);
const labels = { [label("a")]: "Ready", [label("b")]: "Ready", "models.ome.io/x": "y", zone: "1" };

test("before it is known which models there are nothing is taken away but what was withdrawn", () => {
  const book = new StatusBook(() => {});
  assert.deepEqual([...book.data(present)], []);
  book.withdraw(model("a"));
  assert.deepEqual([...book.data(present)], [[key("a"), undefined]]);
  assert.deepEqual(book.labels(labels), { [label("a")]: undefined });
});

test("once it is known, models that nobody expects or tells of go; what is not a model's stays", () => {
  const book = new StatusBook(() => {});
  book.expect([model("b")]);
  assert.deepEqual([...book.data(present)], [[key("a"), undefined]]);
  assert.deepEqual(book.labels(labels), { [label("a")]: undefined });
  book.put(model("b"), ready("b"));
  assert.deepEqual(
    [...book.data(present)],
    [
      [key("a"), undefined],
      [key("b"), '{"name":"b","status":"Ready"}'],
    ],
  );
  book.withdraw(model("b"));
  assert.deepEqual(
    [...book.data(present)].map(([name]) => name),
    [key("a"), key("b")],
  );
});

test("a model that was withdrawn before the first list is not expected any more", () => {
  const book = new StatusBook(() => {});
  book.withdraw(model("a"));
  book.expect([model("a"), model("b")]);
  assert.deepEqual([...book.data(present)], [[key("a"), undefined]]);
  book.put(model("a"), ready("a"));
  assert.equal(book.labels({})[label("a")], "Ready");
});

test("a map that is full loses configurations, and that is said once", () => {
  const said: (readonly string[])[] = [];
  const book = new StatusBook((keys) => said.push(keys));
  const config = { decodedModelConfiguration: { architecture: "x".repeat(600_000) } };
  book.put(model("a"), { ...ready("a"), config });
  book.data(new Map());
  book.put(model("b"), { ...ready("b"), config });
  book.data(new Map());
  book.data(new Map());
  assert.deepEqual(said, [[key("a")]]);
  book.withdraw(model("a"));
  assert.match(String(book.data(new Map()).get(key("b"))), /decodedModelConfiguration/);
});
