import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";
import { clusterHouse, collections, eventually } from "../../support/cluster-house.ts";

const options = { timeout: 120_000 };

test("a model's object becomes files, a label, an entry and filled-in fields", options, async (t) => {
  const house = await clusterHouse(t);
  house.putNode("n1");
  house.putModel("llama", { path: house.path("n1", "llama") });
  const agent = await house.startNode("n1");
  await eventually(
    () => house.label("n1", "clusterbasemodel.llama"),
    (label) => label === "Ready",
    "the label",
  );
  const entry = await eventually(
    () => house.entry("n1", "clusterbasemodel.llama"),
    (found) => found?.status === "Ready",
    "the entry",
  );
  console.log(JSON.stringify(entry), JSON.stringify(house.object(collections.maps, "ome/n1")));
  assert.ok((await readdir(`${agent.root}/llama`)).includes("config.json"));
  const spec = await eventually(
    () => house.object(collections.ClusterBaseModel, "llama")?.["spec"] as Record<string, unknown>,
    (found) => found["modelConfiguration"] !== undefined,
    "the fields",
  );
  console.log(JSON.stringify(spec), await readFile(`${agent.root}/llama/config.json`, "utf8"));
  console.log(
    house.kubernetes.requests
      .map((r) => `${r.method} ${r.path} ${r.watch ? "watch" : ""} ${JSON.stringify(r.body) ?? ""}`.slice(0, 200))
      .join("\n"),
  );
});
