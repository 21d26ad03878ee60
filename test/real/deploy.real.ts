import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { readInstanceTypes } from "../../src/agent/ome/instance-types.ts";
import { isStorageError } from "../../src/errors.ts";
import { findHelm, type Helm, type RenderedObject, readObjects } from "./deploy/helm.ts";
import { agentClusterRole } from "./kubernetes/crds.ts";
import { findKubernetes, type RealKubernetes, startKubernetes } from "./kubernetes/start-kubernetes.ts";
import { Unavailable } from "./servers/real-server.ts";

const run = promisify(execFile);
const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const deploy = fileURLToPath(new URL("../../deploy/", import.meta.url));
const examples = (await readdir(join(deploy, "examples"))).map((name) => join(deploy, "examples", name));
const everything = [
  ...["--set", "podMonitor.enabled=true", "--set", "prometheusRule.enabled=true", "--set", "gpuNodesOnly=true"],
  ...["--set", "concurrency=16", "--set", "instanceTypeMap.BM\\.GPU\\.H100\\.8=H100", "--set", "extraArgs[0]=--quiet"],
  ...["--set-json", 'tolerations=[{"operator":"Exists"}]', "--set", "imagePullSecrets[0].name=registry"],
  ...[
    "--set",
    "env[0].name=HTTPS_PROXY",
    "--set",
    "env[0].value=http://proxy:3128",
    "--set",
    "envFrom[0].secretRef.name=keys",
  ],
  ...["--set", "extraVolumes[0].name=ca", "--set", "extraVolumes[0].configMap.name=ca"],
  ...["--set", "extraVolumeMounts[0].name=ca", "--set", "extraVolumeMounts[0].mountPath=/ca"],
  ...["--set", "podLabels.team=ml", "--set", "podAnnotations.note=x", "--set", "nodeSelector.pool=gpu"],
];
/** Every combination of values that renders something of its own. */
const combinations: Readonly<Record<string, readonly string[]>> = {
  defaults: [],
  "OME's rights only": ["--set", "rbac.extended=false"],
  "no rights": ["--set", "rbac.create=false", "--set", "serviceAccount.create=false"],
  "GPU nodes only": ["--set", "gpuNodesOnly=true"],
  "every taint tolerated": ["--set-json", 'tolerations=[{"operator":"Exists"}]'],
  "no toleration": ["--set-json", "tolerations=[]"],
  "another user": ["--set", "securityContext.runAsUser=1000", "--set-json", "securityContext.capabilities.add=[]"],
  everything,
  ...Object.fromEntries(examples.map((path) => [basename(path), ["--values", path]])),
};

let helm: Helm | undefined;
let missing: string | undefined;
try {
  helm = await findHelm(180_000);
} catch (error) {
  if (!(error instanceof Unavailable)) throw error;
  missing = error.message;
  console.log(missing);
}
const skip = missing ?? false;

async function render(args: readonly string[]): Promise<readonly RenderedObject[]> {
  assert.ok(helm !== undefined);
  return helm.render(args);
}

function only(objects: readonly RenderedObject[], kind: string): RenderedObject {
  const found = objects.filter((object) => object.kind === kind);
  assert.equal(found.length, 1, kind);
  return found[0] as RenderedObject;
}

const podOf = (objects: readonly RenderedObject[]) => only(objects, "DaemonSet")["spec"].template;

test("the chart passes Helm's own lint with every combination of values", { skip }, async () => {
  for (const args of Object.values(combinations)) await helm?.lint(args);
});

test("the plain manifests are the chart with its defaults", { skip }, async () => {
  const plain = readObjects(await readFile(join(deploy, "manifests", "model-agent.yaml"), "utf8"));
  assert.deepEqual(plain, await render([]), "helm template model-agent deploy/helm/model-agent -n ome writes them");
});

test("values that cannot work are refused before anything is rendered", { skip }, async () => {
  for (const [wrong, said] of [
    ["hostPath=models", /hostPath/],
    ["workers=0", /workers/],
    ["port=70000", /port/],
    ["logLevel=verbose", /logLevel/],
    ["statusNamespace=Not A Name", /statusNamespace/],
    ["image.repository=", /repository/],
  ] as const) {
    await assert.rejects(render(["--set", wrong]), said, wrong);
  }
});

test("the pod is what OME's chart, its probes and its controller expect", { skip }, async () => {
  const objects = await render([]);
  const daemonSet = only(objects, "DaemonSet");
  assert.equal(daemonSet.metadata.name, "ome-model-agent-daemonset");
  assert.equal(daemonSet.metadata.namespace, "ome");
  const component = { "app.kubernetes.io/component": "ome-model-agent-daemonset" };
  assert.deepEqual(daemonSet["spec"].selector.matchLabels, component, "a selector cannot be changed by an upgrade");
  assert.equal(daemonSet["spec"].updateStrategy.type, "RollingUpdate");
  const { metadata, spec } = podOf(objects);
  assert.equal(metadata.labels["app.kubernetes.io/component"], "ome-model-agent-daemonset");
  assert.equal(metadata.labels["logging-forward"], "enabled");
  assert.equal(metadata.annotations["prometheus.io/scrape"], "true");
  assert.equal(metadata.annotations["prometheus.io/port"], "8080");
  assert.equal(metadata.annotations["prometheus.io/path"], "/metrics");
  assert.equal(spec.serviceAccountName, "ome-model-agent");
  assert.equal(spec.priorityClassName, "system-node-critical");
  assert.deepEqual(
    spec.tolerations.map((toleration: { key: string }) => toleration.key),
    ["nvidia.com/gpu", "amd.com/gpu"],
  );
  const [container, ...others] = spec.containers;
  assert.equal(others.length, 0);
  assert.equal(container.image, "model-agent:0.1.0");
  assert.equal(container.command, undefined, "the image's entrypoint is the agent");
  assert.deepEqual(container.args.slice(0, 5), [
    "run",
    "--models-root-dir",
    "/mnt/data/models",
    "--num-download-worker",
    "2",
  ]);
  assert.deepEqual(container.env, [{ name: "NODE_NAME", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } }]);
  assert.deepEqual(container.ports, [{ name: "metrics", containerPort: 8080, protocol: "TCP" }]);
  for (const [probe, path] of [
    ["startupProbe", "/livez"],
    ["livenessProbe", "/livez"],
    ["readinessProbe", "/healthz"],
  ] as const) {
    assert.deepEqual(container[probe].httpGet, { path, port: "metrics" }, probe);
  }
  const { initialDelaySeconds, periodSeconds, failureThreshold } = container.startupProbe;
  assert.ok(
    initialDelaySeconds + periodSeconds * failureThreshold >= 60,
    "a slow node has a minute to start the process",
  );
  const models = spec.volumes.find((volume: { name: string }) => volume.name === "host-models");
  const mount = container.volumeMounts.find((volume: { name: string }) => volume.name === "host-models");
  assert.deepEqual(models.hostPath, { path: "/mnt/data/models", type: "DirectoryOrCreate" });
  assert.equal(mount.mountPath, "/mnt/data/models", "models' paths are the node's own");
  assert.equal(mount.readOnly, undefined);
});

test("the pod asks for little, can write nowhere but its volumes, and is given time to stop", { skip }, async () => {
  const { spec } = podOf(await render([]));
  const [container] = spec.containers;
  assert.deepEqual(container.resources, { requests: { cpu: "1", memory: "512Mi" }, limits: { memory: "512Mi" } });
  assert.equal(container.securityContext.readOnlyRootFilesystem, true);
  assert.equal(container.securityContext.allowPrivilegeEscalation, false);
  assert.deepEqual(container.securityContext.capabilities.drop, ["ALL"]);
  assert.ok(spec.terminationGracePeriodSeconds >= 30);
  for (const field of ["hostNetwork", "hostPID", "hostIPC"]) assert.equal(spec[field], undefined, field);
  const writable = spec.volumes.map((volume: { name: string }) => volume.name);
  assert.deepEqual(writable, ["host-models", "tmp"]);
});

test("rights are OME's; events and leases come on top, and can be left out", { skip }, async () => {
  const rights = (role: { readonly rules: readonly object[] }): readonly string[] =>
    (role.rules as { apiGroups: string[]; resources: string[]; verbs: string[] }[])
      .flatMap(({ apiGroups, resources, verbs }) =>
        apiGroups.flatMap((group) =>
          resources.flatMap((resource) => verbs.map((verb) => `${group}/${resource} ${verb}`)),
        ),
      )
      .sort();
  const ome = rights(agentClusterRole);
  const role = async (args: readonly string[]) =>
    only(await render(args), "ClusterRole") as unknown as { rules: object[] };
  assert.deepEqual(rights(await role(["--set", "rbac.extended=false"])), ome);
  const extended = rights(await role([])).filter((right) => !ome.includes(right));
  for (const right of extended) assert.match(right, /^(events\.k8s\.io|)\/events |^coordination\.k8s\.io\/leases /);
  assert.ok(extended.length > 0);
  const none = await render(combinations["no rights"] ?? []);
  assert.deepEqual(
    none.map(({ kind }) => kind),
    ["DaemonSet"],
  );
});

test("each cloud's example puts its identity where that cloud looks for it", { skip }, async () => {
  const rendered = (name: string) => render(["--values", join(deploy, "examples", name)]);
  const annotations = (objects: readonly RenderedObject[]) => only(objects, "ServiceAccount").metadata["annotations"];
  assert.match(
    annotations(await rendered("eks-irsa.yaml"))["eks.amazonaws.com/role-arn"],
    /^arn:aws:iam::\d{12}:role\//,
  );
  const gke = await rendered("gke-workload-identity.yaml");
  assert.match(annotations(gke)["iam.gke.io/gcp-service-account"], /@.*\.iam\.gserviceaccount\.com$/);
  assert.equal(podOf(gke).spec.nodeSelector["iam.gke.io/gke-metadata-server-enabled"], "true");
  const aks = await rendered("aks-workload-identity.yaml");
  assert.match(annotations(aks)["azure.workload.identity/client-id"], /^[0-9a-f-]{36}$/);
  assert.equal(podOf(aks).metadata.labels["azure.workload.identity/use"], "true");
  const oke = podOf(await rendered("oke-workload-identity.yaml")).spec.containers[0].env;
  assert.deepEqual(
    oke.map(({ name }: { name: string }) => name),
    ["NODE_NAME", "OCI_RESOURCE_PRINCIPAL_VERSION", "OCI_RESOURCE_PRINCIPAL_REGION"],
  );
});

test("values reach the pod", { skip }, async () => {
  const objects = await render(everything);
  const { metadata, spec } = podOf(objects);
  const [container] = spec.containers;
  assert.deepEqual(spec.nodeSelector, { "nvidia.com/gpu.present": "true", pool: "gpu" });
  assert.deepEqual(spec.tolerations, [{ operator: "Exists" }]);
  assert.deepEqual(spec.imagePullSecrets, [{ name: "registry" }]);
  assert.equal(metadata.labels.team, "ml");
  assert.equal(metadata.annotations.note, "x");
  assert.deepEqual(container.args.slice(-3), ["--concurrency", "16", "--quiet"]);
  assert.deepEqual(container.envFrom, [{ secretRef: { name: "keys" } }]);
  const map = only(objects, "ConfigMap");
  const reference = { configMapKeyRef: { name: map.metadata.name, key: "instance-type-map" } };
  assert.deepEqual(container.env[1], { name: "INSTANCE_TYPE_MAP", valueFrom: reference });
  const types = readInstanceTypes(map["data"]["instance-type-map"]);
  assert.equal(types.get("BM.GPU.H100.8"), "H100", "the agent reads what the chart writes");
});

test("the agent takes the arguments that the chart gives", { skip }, async () => {
  for (const args of [[], everything]) {
    const [container] = podOf(await render(args)).spec.containers;
    const started = run(process.execPath, [main, ...container.args], {
      env: { NODE_NAME: "node-1", KUBECONFIG: "/nowhere", HOME: "/nowhere" },
    });
    await assert.rejects(started, (error: { stderr?: string }) => {
      assert.match(error.stderr ?? "", /kubeconfig|cluster/i);
      assert.doesNotMatch(error.stderr ?? "", /option|argument/);
      return true;
    });
  }
});

/** Where the API server keeps objects of a kind. */
function pathOf({ apiVersion, kind, metadata }: RenderedObject): string {
  const group = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const place = metadata.namespace === undefined ? group : `${group}/namespaces/${metadata.namespace}`;
  return `${place}/${kind.toLowerCase()}s/${metadata.name}`;
}

const found = await findKubernetes();
const noServer = skip !== false ? skip : "missing" in found ? `no real API server: ${found.missing}` : false;

describe("a real API server takes every rendered object, strictly", { skip: noServer }, () => {
  let kubernetes: RealKubernetes;
  before(async () => {
    if ("binary" in found) kubernetes = await startKubernetes(found.binary);
  });
  after(() => kubernetes?.close());

  const apply = (object: RenderedObject, dryRun = true) =>
    kubernetes.admin.send<RenderedObject>({
      method: "PATCH",
      path: pathOf(object),
      patch: "apply",
      query: { fieldManager: "helm", force: true, fieldValidation: "Strict", dryRun: dryRun ? "All" : undefined },
      body: object,
    });

  test("a field that does not exist would be seen", async () => {
    const daemonSet = structuredClone(only(await render([]), "DaemonSet"));
    daemonSet["spec"].template.spec.containers[0].readynessProbe = {};
    await assert.rejects(apply(daemonSet), (error) => isStorageError(error) && /readynessProbe/.test(error.message));
  });

  for (const [name, args] of Object.entries(combinations)) {
    test(name, async () => {
      for (const object of await render(args)) {
        if (object.apiVersion.startsWith("monitoring.coreos.com/")) continue;
        const answer = await apply(object);
        assert.equal(answer.kind, object.kind);
      }
    });
  }

  test("the Prometheus operator's objects, with its own definitions", async (t) => {
    const definitions = await prometheusDefinitions();
    if (typeof definitions === "string") return t.skip(definitions);
    for (const definition of definitions) await apply(definition, false);
    const objects = (await render(everything)).filter(({ apiVersion }) =>
      apiVersion.startsWith("monitoring.coreos.com/"),
    );
    assert.deepEqual(objects.map(({ kind }) => kind).sort(), ["PodMonitor", "PrometheusRule"]);
    for (const object of objects) {
      await kubernetes.served(`/apis/${object.apiVersion}/${object.kind.toLowerCase()}s`);
      await apply(object);
    }
    return undefined;
  });
});

/** The definitions of PodMonitor and PrometheusRule from the operator's Go module; or why they cannot be had. */
async function prometheusDefinitions(): Promise<readonly RenderedObject[] | string> {
  const operator = "github.com/prometheus-operator/prometheus-operator@v0.85.0";
  const proxy = process.env["MODEL_AGENT_TEST_APT"] === "1" ? {} : { GOPROXY: "off" };
  let directory: string;
  try {
    const { stdout } = await run("go", ["mod", "download", "-json", operator], { env: { ...process.env, ...proxy } });
    directory = join((JSON.parse(stdout) as { Dir: string }).Dir, "example", "prometheus-operator-crd");
  } catch {
    return `"go mod download ${operator}" gets the operator's definitions; MODEL_AGENT_TEST_APT=1 allows that`;
  }
  const texts = ["podmonitors", "prometheusrules"].map((name) =>
    readFile(join(directory, `monitoring.coreos.com_${name}.yaml`), "utf8"),
  );
  return (await Promise.all(texts)).flatMap(readObjects);
}
