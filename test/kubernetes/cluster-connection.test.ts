import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { isStorageError } from "../../src/errors.ts";
import { connectToCluster } from "../../src/kubernetes/cluster-connection.ts";
import { podConnection } from "../../src/kubernetes/pod-connection.ts";
import { scratchDirectory } from "../support/scratch-directory.ts";

const config = (name: string, current: boolean): string =>
  JSON.stringify({
    ...{ apiVersion: "v1", kind: "Config", ...(current ? { "current-context": `${name}-context` } : {}) },
    clusters: [{ name, cluster: { server: `https://${name}.example/`, "insecure-skip-tls-verify": true } }],
    users: [{ name: `${name}-user`, user: { token: `${name}-token` } }],
    contexts: [{ name: `${name}-context`, context: { cluster: name, user: `${name}-user`, namespace: "ome" } }],
  });

test("a pod's service account is read for every request, so that a renewed token takes effect at once", async (t) => {
  const directory = await scratchDirectory(t);
  await writeFile(join(directory, "token"), "first\n");
  await writeFile(join(directory, "ca.crt"), "PEM");
  const connection = podConnection({ KUBERNETES_SERVICE_HOST: "fd00::1", KUBERNETES_SERVICE_PORT: "6443" }, directory);
  assert.ok(connection !== undefined);
  assert.equal(connection.server, "https://[fd00::1]:6443");
  assert.deepEqual(await connection.access(), {
    headers: { authorization: "Bearer first" },
    ca: "PEM",
    rejectUnauthorized: true,
  });
  await writeFile(join(directory, "token"), "second");
  assert.equal((await connection.access()).headers["authorization"], "Bearer second");
  assert.equal(podConnection({}, directory), undefined);
});

test("a pod without its token says what to do", async (t) => {
  const directory = await scratchDirectory(t);
  const connection = podConnection({ KUBERNETES_SERVICE_HOST: "10.0.0.1" }, directory);
  await assert.rejects(
    async () => connection?.access(),
    (error) =>
      isStorageError(error) && error.code === "unauthenticated" && /automountServiceAccountToken/.test(error.hint),
  );
});

test("KUBECONFIG stands above the pod, may name several files, and the first current context counts", async (t) => {
  const directory = await scratchDirectory(t);
  await writeFile(join(directory, "a"), config("a", true));
  await writeFile(join(directory, "b"), config("b", true));
  const env = {
    KUBERNETES_SERVICE_HOST: "10.0.0.1",
    KUBECONFIG: `${join(directory, "a")}:${join(directory, "b")}`,
  };
  const connection = await connectToCluster(env);
  assert.deepEqual([connection.server, connection.namespace], ["https://a.example", "ome"]);
  const { headers, rejectUnauthorized } = await connection.access();
  assert.deepEqual([headers["authorization"], rejectUnauthorized], ["Bearer a-token", false]);
  const other = await connectToCluster(env, join(directory, "b"));
  assert.equal(other.server, "https://b.example");
});

test("the user's own kubeconfig is found; where there is none, that is an error before any request", async (t) => {
  const home = await scratchDirectory(t);
  await assert.rejects(
    connectToCluster({ HOME: home }),
    (error) => isStorageError(error) && error.code === "config_invalid" && /--manifests DIR/.test(error.hint),
  );
  await mkdir(join(home, ".kube"));
  await writeFile(join(home, ".kube", "config"), config("home", true));
  assert.equal((await connectToCluster({ HOME: home })).server, "https://home.example");
  await assert.rejects(
    connectToCluster({ KUBECONFIG: join(home, "absent") }),
    (error) => isStorageError(error) && error.code === "config_invalid" && error.target === join(home, "absent"),
  );
});
