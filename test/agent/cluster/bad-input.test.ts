import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import {
  type ClusterHouse,
  clusterHouse,
  collections,
  eventually,
  exists,
  readyHouse,
  untilEntry,
  untilLabel,
} from "../../support/cluster-house.ts";

const options = { timeout: 120_000 };

function putRaw(house: ClusterHouse, name: string, spec: unknown): void {
  house.kubernetes.put(collections.ClusterBaseModel, {
    apiVersion: "ome.io/v1beta1",
    kind: "ClusterBaseModel",
    metadata: { name },
    spec,
  });
}

test(
  "whatever is wrong with one model is said on the label, in the entry and in an event; the others go on",
  options,
  async (t) => {
    const house = await clusterHouse(t);
    house.putNode("n1");
    const parameters = { endpoint: house.s3.url, region: "us-east-1" };
    const cases: Record<string, readonly [spec: unknown, reason: string, message: RegExp]> = {
      "no-spec": [undefined, "InvalidConfiguration", /spec is missing/],
      "no-storage": [{}, "InvalidConfiguration", /spec\.storage is missing/],
      "no-uri": [{ storage: { path: house.path("n1", "x") } }, "InvalidConfiguration", /storageUri is missing/],
      "empty-uri": [{ storage: { storageUri: "" } }, "InvalidConfiguration", /storageUri is no usable storage URI/],
      "odd-uri": [{ storage: { storageUri: "ftp://h/x" } }, "InvalidConfiguration", /ftp/],
      outside: [
        { storage: { storageUri: "s3://models/llama", path: "/etc/llama", parameters } },
        "UnsafePath",
        /\/etc\/llama/,
      ],
      "the-root": [
        { storage: { storageUri: "s3://models/llama", path: house.path("n1"), parameters } },
        "UnsafePath",
        /n1/,
      ],
      relative: [
        { storage: { storageUri: "s3://models/llama", path: "llama" } },
        "InvalidConfiguration",
        /absolute path/,
      ],
      climbing: [
        { storage: { storageUri: "s3://models/llama", path: `${house.path("n1")}/../x` } },
        "InvalidConfiguration",
        /"\.\." segment/,
      ],
      "odd-auth": [
        {
          storage: {
            storageUri: "s3://models/llama",
            path: house.path("n1", "odd-auth"),
            parameters: { ...parameters, auth: "Kerberos" },
          },
        },
        "InvalidConfiguration",
        /Kerberos/,
      ],
      "odd-parameter": [
        {
          storage: {
            storageUri: "s3://models/llama",
            path: house.path("n1", "odd-parameter"),
            parameters: { ...parameters, regoin: "x" },
          },
        },
        "InvalidConfiguration",
        /Did you mean "region"/,
      ],
      "no-secret": [
        {
          storage: { storageUri: "s3://models/llama", path: house.path("n1", "no-secret"), key: "absent", parameters },
        },
        "InvalidConfiguration",
        /no such Secret.*namespace ome/,
      ],
      "same-place": [
        { storage: { storageUri: "s3://models/qwen", path: house.path("n1", "good"), parameters } },
        "PathConflict",
        /clusterbasemodel\/good/,
      ],
      "not-there": [{ storage: { storageUri: "s3://models/nothing", parameters } }, "NotFound", /nothing/],
      "local-absent": [{ storage: { storageUri: "local:///no/such/place" } }, "NotFound", /\/no\/such\/place/],
    };
    house.putModel("good", { path: house.path("n1", "good") });
    for (const [name, [spec]] of Object.entries(cases)) putRaw(house, name, spec);
    await house.startNode("n1");
    await untilLabel(house, "Ready", "clusterbasemodel.good");
    for (const [name, [, reason, message]] of Object.entries(cases)) {
      const key = `clusterbasemodel.${name}`;
      await untilLabel(house, "Failed", key);
      const entry = await eventually(
        () => house.entry("n1", key),
        (found) => found?.status === "Failed",
        `the entry of ${name}`,
      );
      assert.equal(entry?.reason, reason, `${name}: ${entry?.message}`);
      assert.match(entry?.message ?? "", message, name);
      assert.equal(entry?.progress, undefined);
      const event = await eventually(
        () =>
          house.kubernetes.store
            .list(collections.events)
            .find(({ regarding }) => (regarding as { name: string }).name === name),
        (found) => found !== undefined,
        `the event of ${name}`,
      );
      assert.equal(event?.["reason"], reason);
      assert.match(String(event?.["note"]), message);
    }
    await untilEntry(house, "Ready", "clusterbasemodel.good");
  },
);

test(
  "a model that turns bad is Failed, keeps its files, and is Ready again without a byte when corrected",
  options,
  async (t) => {
    const { house, agent } = await readyHouse(t);
    house.putModel("llama", { path: "/etc/llama" });
    await untilLabel(house, "Failed");
    assert.ok(await exists(join(agent.root, "llama", "config.json")));
    house.s3.counters.reset();
    house.putModel("llama", { path: house.path("n1", "llama") });
    await untilLabel(house, "Ready");
    assert.equal(house.s3.counters.total.requests, 0);
  },
);

test("a missing Secret is noticed again as soon as it is there; its content is in no output", options, async (t) => {
  const house = await clusterHouse(t);
  house.putNode("n1");
  const lines: string[] = [];
  const say = (fields: object, message: string): void => {
    lines.push(JSON.stringify([fields, message]));
  };
  const logger = { debug: say, info: say, warn: say, error: say, child: () => logger };
  const put = (namespace: string, data: Record<string, string>): void => {
    const encoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString("base64")]);
    house.kubernetes.put(collections.secrets, {
      metadata: { name: "keys", namespace },
      data: Object.fromEntries(encoded),
    });
  };
  const keys = { AWS_ACCESS_KEY_ID: "AKIATESTTESTTESTTEST", AWS_SECRET_ACCESS_KEY: "secret-of-the-tests" };
  put("team", keys);
  put("ome", { ...keys, AWS_SECRET_ACCESS_KEY: "wrong-secret-of-somebody" });
  house.putBaseModel("team", "mine", { key: "keys", path: house.path("n1", "mine") });
  house.putModel("llama", { key: "keys", path: house.path("n1", "llama") });
  const agent = await house.startNode("n1", { logger, agent: { env: {}, random: () => 0 } });
  await untilLabel(house, "Ready", "team.basemodel.mine");
  await untilLabel(house, "Failed");
  const entry = await eventually(
    () => house.entry("n1", "clusterbasemodel.llama"),
    (found) => found?.status === "Failed",
    "the entry",
  );
  assert.ok(["AuthFailed", "AccessDenied"].includes(entry?.reason ?? ""), entry?.reason);
  put("ome", keys);
  house.putModel("llama", { key: "keys", path: house.path("n1", "other") });
  await untilLabel(house, "Ready");
  const outputs = [
    ...lines,
    (await agent.get("/status")).body,
    (await agent.get("/metrics")).body,
    JSON.stringify(house.object(collections.maps, "ome/n1")),
    JSON.stringify(house.kubernetes.store.list(collections.events)),
  ].join("\n");
  assert.doesNotMatch(outputs, /secret-of/);
});

test("the right to read Secrets that is missing is said with what to grant", options, async (t) => {
  const house = await clusterHouse(t);
  house.putNode("n1");
  house.kubernetes.intercept = ({ path }) =>
    path.includes("/secrets/")
      ? { status: 403, body: { reason: "Forbidden", message: 'secrets "keys" is forbidden', code: 403 } }
      : undefined;
  house.putModel("llama", { key: "keys", path: house.path("n1", "llama") });
  await house.startNode("n1");
  const entry = await eventually(
    () => house.entry("n1", "clusterbasemodel.llama"),
    (found) => found?.status === "Failed",
    "the entry",
  );
  assert.equal(entry?.reason, "AccessDenied");
  assert.match(entry?.message ?? "", /Grant the agent's service account "get" on secrets in the namespace ome/);
});

test("a token in the manifest works, with a warning that does not repeat it", options, async (t) => {
  const house = await clusterHouse(t);
  house.putNode("n1");
  const parameters = {
    ...{ endpoint: house.s3.url, region: "us-east-1", auth: "access_key" },
    ...{ access_key_id: "AKIATESTTESTTESTTEST", secret_access_key: "secret-of-the-tests" },
  };
  house.putModel("llama", { path: house.path("n1", "llama"), parameters });
  const agent = await house.startNode("n1", { agent: { env: {} } });
  await untilLabel(house, "Ready");
  const { body } = await agent.get("/status");
  assert.match(body, /holds a secret in plain text/);
  assert.doesNotMatch(body, /secret-of/);
});

test(
  "local models are Ready while they are there and never removed; vendor models need nothing; volumes are the cluster's",
  options,
  async (t) => {
    const house = await clusterHouse(t);
    house.putNode("n1");
    const there = join(house.directory, "own");
    await mkdir(there);
    await writeFile(join(there, "config.json"), '{"model_type":"bert","hidden_size":768,"num_hidden_layers":12}');
    putRaw(house, "own", { storage: { storageUri: `local://${there}` } });
    putRaw(house, "sold", { storage: { storageUri: "vendor://acme/llm/x" } });
    putRaw(house, "volume", { storage: { storageUri: "pvc://claim/models/x" } });
    putRaw(house, "odd-volume", { storage: { storageUri: "pvc://claim" } });
    putRaw(house, "off", { disabled: true, storage: { storageUri: "s3://models/llama" } });
    const agent = await house.startNode("n1");
    await untilEntry(house, "Ready", "clusterbasemodel.own");
    await untilEntry(house, "Ready", "clusterbasemodel.sold");
    await untilLabel(house, "Failed", "clusterbasemodel.odd-volume");
    assert.equal(house.entry("n1", "clusterbasemodel.own")?.config?.modelType, "bert");
    assert.equal(house.entry("n1", "clusterbasemodel.sold")?.config, undefined);
    for (const name of ["volume", "off"]) {
      assert.equal(house.label("n1", `clusterbasemodel.${name}`), undefined);
      assert.equal(house.entry("n1", `clusterbasemodel.${name}`), undefined);
    }
    const { skipped } = await agent.status();
    assert.deepEqual(
      skipped.map(({ key }) => key),
      ["clusterbasemodel/off", "clusterbasemodel/volume"],
    );
    for (const name of ["own", "sold"]) house.kubernetes.store.delete(collections.ClusterBaseModel, name);
    await untilEntry(house, undefined, "clusterbasemodel.own");
    await untilEntry(house, undefined, "clusterbasemodel.sold");
    assert.ok(await exists(join(there, "config.json")));
  },
);

test(
  "a model that is disabled leaves label and entry, keeps its files, and loses them when it is deleted",
  options,
  async (t) => {
    const { house, agent } = await readyHouse(t);
    house.putModel("llama", { path: house.path("n1", "llama") }, { disabled: true });
    await untilEntry(house, undefined);
    await untilLabel(house, undefined);
    assert.ok(await exists(join(agent.root, "llama", "config.json")));
    house.s3.counters.reset();
    house.putModel("llama", { path: house.path("n1", "llama") });
    await untilLabel(house, "Ready");
    assert.equal(house.s3.counters.total.requests, 0);
    house.putModel("llama", { path: house.path("n1", "llama") }, { disabled: true });
    await untilEntry(house, undefined);
    house.kubernetes.store.delete(collections.ClusterBaseModel, "llama");
    await eventually(
      () => exists(join(agent.root, "llama")),
      (there) => !there,
      "the files to go",
    );
  },
);

test("TensorRT-LLM engines are chosen by the node's accelerator", options, async (t) => {
  const house = await clusterHouse(t);
  for (const shape of ["H100", "A10"]) {
    await house.s3.putObject("models", `engines/${shape}/rank0.engine`, Buffer.from(`engine of ${shape}`));
    await house.s3.putObject("models", `engines/${shape}/config.json`, Buffer.from('{"model_type":"llama"}'));
  }
  house.putNode("n1", { "node.kubernetes.io/instance-type": "p5.48xlarge" });
  const engines = { storageUri: "s3://models/engines", path: house.path("n1", "engines") };
  house.putModel("engines", engines, { modelFormat: { name: "tensorrtllm" } });
  house.putModel(
    "sources",
    { ...engines, path: house.path("n1", "sources") },
    {
      modelFormat: { name: "tensorrtllm" },
      additionalMetadata: { type: "Training" },
    },
  );
  const agent = await house.startNode("n1");
  await untilLabel(house, "Ready", "clusterbasemodel.engines");
  await untilLabel(house, "Ready", "clusterbasemodel.sources");
  assert.ok(await exists(join(agent.root, "engines", "H100", "rank0.engine")));
  assert.equal(await exists(join(agent.root, "engines", "A10")), false);
  assert.ok(await exists(join(agent.root, "sources", "A10", "rank0.engine")));
  house.putNode("n1", { "node.kubernetes.io/instance-type": "unknown" });
  const entry = await eventually(
    () => house.entry("n1", "clusterbasemodel.engines"),
    (found) => found?.status === "Failed",
    "no engine for this accelerator",
  );
  assert.equal(entry?.reason, "NotFound");
});
