import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { nameCommand } from "../../src/cli/name-command.ts";
import { runCommand } from "../support/cli.ts";
import { clusterHouse, eventually, exists } from "../support/cluster-house.ts";

test("arguments that name no command are those of the agent", () => {
  const pod = { KUBERNETES_SERVICE_HOST: "10.0.0.1" };
  assert.deepEqual(nameCommand(["--models-root-dir", "/m", "--num-download-worker", "2"], {}), [
    ...["run", "--models-root-dir", "/m", "--num-download-worker", "2"],
  ]);
  assert.deepEqual(nameCommand(["--log-level", "debug", "--port=1"], {}), ["run", "--log-level", "debug", "--port=1"]);
  assert.deepEqual(nameCommand(["--format=json", "-q"], pod), ["run", "--format=json", "-q"]);
  assert.deepEqual(nameCommand([], pod), ["run"]);
  for (const args of [[], ["-q"], ["--help"], ["-V"], ["pull", "--dry-run"], ["--log-level", "debug", "ls"]]) {
    assert.deepEqual(nameCommand(args, {}), args);
  }
});

test("the arguments and the environment of OME's container start the agent", { timeout: 120_000 }, async (t) => {
  const house = await clusterHouse(t);
  const root = house.path("models");
  const kubeconfig = join(house.directory, "kubeconfig");
  await writeFile(
    kubeconfig,
    JSON.stringify({
      ...{ apiVersion: "v1", kind: "Config", "current-context": "c" },
      clusters: [{ name: "k", cluster: { server: house.kubernetes.url, "insecure-skip-tls-verify": true } }],
      users: [{ name: "u", user: { token: "t" } }],
      contexts: [{ name: "c", context: { cluster: "k", user: "u" } }],
    }),
  );
  house.putNode("n1", { "node.kubernetes.io/instance-type": "odd" });
  await house.s3.putObject("models", "engines/XYZ/a.engine", Buffer.from("engine"));
  house.putModel("llama");
  house.putModel("engines", { storageUri: "s3://models/engines" }, { modelFormat: { name: "tensorrtllm" } });
  const stop = new AbortController();
  const running = runCommand(["--models-root-dir", root, "--num-download-worker", "2", "--hf-max-workers=4"], {
    env: {
      ...house.env,
      NODE_NAME: "n1",
      INSTANCE_TYPE_MAP: '{"odd":"XYZ"}',
      KUBECONFIG: kubeconfig,
      PORT: "0",
      NAMESPACE: "elsewhere",
      LOG_LEVEL: "debug",
    },
    signal: stop.signal,
  });
  running.catch(() => {});
  const key = "elsewhere/n1";
  await eventually(
    () => {
      const data = house.object("/api/v1/configmaps", key)?.["data"] as Record<string, string> | undefined;
      return Object.values(data ?? {}).filter((text) => text.includes('"status":"Ready"')).length;
    },
    (ready) => ready === 2,
    "both models Ready in the map of the other namespace",
  );
  assert.ok(await exists(join(root, "s3:", "models", "llama", "config.json")));
  stop.abort();
  const { code, stdout, stderr } = await running;
  assert.equal(code, 0, stderr);
  assert.equal(stdout, "");
  assert.match(stderr, /"option":"--hf-max-workers".*has no effect/);
  assert.match(stderr, /"level":"debug"|"level":20/);
});

test("what the agent of a node cannot do without is asked for before anything else", async () => {
  const root = ["--models-root-dir", "/no/such/root"];
  const node = await runCommand(["run", ...root], { env: {} });
  assert.equal(node.code, 2);
  assert.match(node.stderr, /NODE_NAME.*fieldRef spec\.nodeName.*--manifests DIR/s);
  const cluster = await runCommand(["run", ...root], { env: { NODE_NAME: "n1", KUBECONFIG: "/no/such/file" } });
  assert.equal(cluster.code, 2);
  assert.match(cluster.stderr, /kubeconfig/);
  const map = await runCommand(["run", ...root], { env: { NODE_NAME: "n1", INSTANCE_TYPE_MAP: "[" } });
  assert.equal(map.code, 2);
  assert.match(map.stderr, /INSTANCE_TYPE_MAP/);
  const folder = await runCommand(["run", "--manifests", "/tmp"], { env: {} });
  assert.match(folder.stderr, /--models-root/);
  const odd = await runCommand(["run", ...root], { env: { NODE_NAME: "n1", CONCURRENCY: "many" } });
  assert.equal(odd.code, 2);
  assert.match(odd.stderr, /--concurrency/);
});
