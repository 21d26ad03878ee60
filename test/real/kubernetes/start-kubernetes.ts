import { type ChildProcess, execFile, spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { ApiClient } from "../../../src/kubernetes/api-client.ts";
import type { ClusterConnection } from "../../../src/kubernetes/cluster-access.ts";
import { agentClusterRole, modelDefinitions } from "./crds.ts";

const run = promisify(execFile);

/** A real API server with etcd on loopback, OME's resources and the agent's role in it. */
export interface RealKubernetes {
  readonly admin: ApiClient;
  /** As cluster administrator. */
  readonly adminConnection: ClusterConnection;
  /** A connection with a short-lived token of the agent's service account; `renew` fetches the next one. */
  agentConnection(): Promise<ClusterConnection & { renew(): Promise<void> }>;
  /** Writes a kubeconfig of the agent's service account, for the server itself or for what stands before it. */
  writeKubeconfig(path: string, address?: string): Promise<void>;
  /** Stops the API server, and starts it again on the same data. */
  restartApiServer(downMs: number): Promise<void>;
  /** Makes old resource versions expire. */
  compact(): Promise<void>;
  /** Waits until a collection, such as `/apis/ome.io/v1beta1/basemodels`, is served: custom ones are some moments after their definition. */
  served(...collections: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** Why no real API server can be had on this machine, or what to start. */
export async function findKubernetes(): Promise<{ readonly binary: string } | { readonly missing: string }> {
  try {
    await run("etcd", ["--version"]);
  } catch {
    return { missing: "etcd is not installed (Debian: etcd-server)" };
  }
  const cache = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "model-agent-test", "kube");
  const versions = await readdir(cache).catch(() => []);
  const binary = versions
    .sort()
    .map((version) => join(cache, version, "kube-apiserver"))
    .find((path) => existsSync(path));
  if (binary !== undefined) return { binary };
  return {
    missing: `there is no kube-apiserver below ${cache}: build it once with test/real/kubernetes/build-apiserver.sh (ten minutes)`,
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 5_000);
  await ended;
  clearTimeout(timer);
}

export async function startKubernetes(binary: string): Promise<RealKubernetes> {
  const home = await mkdtemp(join(tmpdir(), "kube-"));
  const [etcdPort, peerPort, port] = [await freePort(), await freePort(), await freePort()];
  const etcdUrl = `http://127.0.0.1:${etcdPort}`;
  const peerUrl = `http://127.0.0.1:${peerPort}`;
  const keys = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  await mkdir(join(home, "certs"));
  await writeFile(join(home, "sa.key"), keys.privateKey);
  await writeFile(join(home, "sa.pub"), keys.publicKey);
  await writeFile(join(home, "tokens.csv"), "admin-token,admin,1,system:masters\n");
  const etcd = spawn(
    "etcd",
    [
      ...["--data-dir", join(home, "etcd"), "--listen-client-urls", etcdUrl, "--advertise-client-urls", etcdUrl],
      ...[
        "--listen-peer-urls",
        peerUrl,
        "--initial-advertise-peer-urls",
        peerUrl,
        "--initial-cluster",
        `default=${peerUrl}`,
      ],
    ],
    { stdio: "ignore" },
  );
  const server = `https://127.0.0.1:${port}`;
  const startApiServer = (): ChildProcess =>
    spawn(
      binary,
      [
        `--etcd-servers=${etcdUrl}`,
        `--secure-port=${port}`,
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        `--cert-dir=${join(home, "certs")}`,
        "--service-account-issuer=https://kubernetes.default.svc",
        `--service-account-key-file=${join(home, "sa.pub")}`,
        `--service-account-signing-key-file=${join(home, "sa.key")}`,
        "--service-cluster-ip-range=10.0.0.0/24",
        "--authorization-mode=RBAC",
        `--token-auth-file=${join(home, "tokens.csv")}`,
        "--disable-admission-plugins=ServiceAccount",
        "--endpoint-reconciler-type=none",
      ],
      { stdio: "ignore" },
    );
  let api = startApiServer();
  const certificate = join(home, "certs", "apiserver.crt");
  const connection = (token: () => string): ClusterConnection => ({
    server,
    namespace: "ome",
    access: async () => ({
      headers: { authorization: `Bearer ${token()}` },
      ca: existsSync(certificate) ? readFileSync(certificate) : undefined,
      rejectUnauthorized: true,
    }),
  });
  const adminConnection = connection(() => "admin-token");
  const admin = new ApiClient({ connection: adminConnection });
  const ready = async (): Promise<void> => {
    for (let attempt = 0; ; attempt += 1) {
      try {
        await admin.send({ method: "GET", path: "/apis/rbac.authorization.k8s.io/v1/clusterroles/cluster-admin" });
        return;
      } catch (error) {
        if (attempt > 300) throw error;
        await sleep(200);
      }
    }
  };
  const token = async (): Promise<string> => {
    const answer = await admin.send<{ status: { token: string } }>({
      method: "POST",
      path: "/api/v1/namespaces/ome/serviceaccounts/ome-model-agent/token",
      body: { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: 600 } },
    });
    return answer.status.token;
  };
  await ready();
  await installAgentRights(admin);
  return {
    admin,
    adminConnection,
    agentConnection: async () => {
      let current = await token();
      return {
        ...connection(() => current),
        renew: async () => {
          current = await token();
        },
      };
    },
    writeKubeconfig: async (path, address = server) => {
      await writeFile(
        path,
        JSON.stringify({
          apiVersion: "v1",
          kind: "Config",
          "current-context": "agent",
          clusters: [{ name: "test", cluster: { server: address, "certificate-authority": certificate } }],
          users: [{ name: "agent", user: { token: await token() } }],
          contexts: [{ name: "agent", context: { cluster: "test", user: "agent", namespace: "ome" } }],
        }),
      );
    },
    restartApiServer: async (downMs) => {
      await stop(api);
      await sleep(downMs);
      api = startApiServer();
      await ready();
      await served(admin, modelCollections);
    },
    served: (...collections) => served(admin, collections),
    compact: async () => {
      const post = async (path: string, body: object): Promise<{ header?: { revision?: string } }> =>
        (await (await fetch(`${etcdUrl}${path}`, { method: "POST", body: JSON.stringify(body) })).json()) as {
          header?: { revision?: string };
        };
      const { header } = await post("/v3/kv/range", { key: Buffer.from("/").toString("base64") });
      await post("/v3/kv/compaction", { revision: header?.revision, physical: true });
    },
    close: async () => {
      await admin.close();
      await stop(api);
      await stop(etcd);
      await rm(home, { recursive: true, force: true });
    },
  };
}

async function installAgentRights(admin: ApiClient): Promise<void> {
  const create = (path: string, body: object): Promise<unknown> => admin.send({ method: "POST", path, body });
  await create("/api/v1/namespaces", { metadata: { name: "ome" } });
  for (const definition of modelDefinitions)
    await create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition);
  await create("/api/v1/namespaces/ome/serviceaccounts", { metadata: { name: "ome-model-agent" } });
  await create("/apis/rbac.authorization.k8s.io/v1/clusterroles", agentClusterRole);
  await create("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
    metadata: { name: "ome-model-agent" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "ome-model-agent" },
    subjects: [{ kind: "ServiceAccount", name: "ome-model-agent", namespace: "ome" }],
  });
  await served(admin, modelCollections);
}

const modelCollections = ["/apis/ome.io/v1beta1/basemodels", "/apis/ome.io/v1beta1/clusterbasemodels"];

async function served(admin: ApiClient, collections: readonly string[]): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      for (const path of collections) await admin.send({ method: "GET", path });
      return;
    } catch (error) {
      if (attempt > 100) throw error;
      await sleep(100);
    }
  }
}
