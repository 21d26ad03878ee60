import assert from "node:assert/strict";
import { test } from "node:test";
import { parseManifestFile } from "../../../src/agent/scout/parse-manifest-file.ts";
import { resolveWish, type Verdict } from "../../../src/agent/scout/resolve-wish.ts";

const rules = { modelsRoot: "/models", allowedPaths: [] };

interface Given {
  readonly uri?: string;
  readonly storage?: string;
  readonly spec?: string;
  readonly metadata?: string;
}

function verdict({ uri = "s3://bucket/llama", storage = "", spec = "", metadata = "" }: Given): Verdict {
  const text = `apiVersion: ome.io/v1beta1
kind: BaseModel
metadata: { name: llama, namespace: team${metadata} }
spec:
  modelFormat: { name: safetensors }${spec}
  storage: { storageUri: "${uri}"${storage} }
`;
  const { documents, problems } = parseManifestFile(text, "m.yaml");
  const [found] = documents;
  assert.ok(found, JSON.stringify(problems));
  return resolveWish(found.manifest, found.origin, rules);
}

function wish(given: Given) {
  const result = verdict(given);
  assert.equal(result.type, "wish");
  assert.ok(result.type === "wish");
  return result.wish;
}

test("a manifest becomes a wish with its place, its order and where it was said", () => {
  const found = wish({
    storage: ", path: /models/llama, key: s3-keys, parameters: { region: eu-west-1 }",
    metadata:
      ', labels: { models.ome/reserve-model-artifact: "True" }, annotations: { models.ome.io/download-priority: "7" }',
  });
  assert.deepEqual(
    { ...found, fingerprint: "", content: "" },
    {
      key: "basemodel/team/llama",
      identity: { kind: "BaseModel", namespace: "team", name: "llama" },
      mode: "deliver",
      storageUri: "s3://bucket/llama",
      displayUri: "s3://bucket/llama",
      path: "/models/llama",
      root: "/models",
      parameters: { region: "eu-west-1" },
      secret: { namespace: "team", name: "s3-keys" },
      reuse: false,
      inherited: false,
      keepFiles: true,
      priority: 7,
      fingerprint: "",
      content: "",
      origin: "m.yaml:1",
    },
  );
});

test("the fingerprint changes with what has to be done and with nothing else", () => {
  const { fingerprint } = wish({});
  const same = wish({ metadata: ', labels: { a: b }, annotations: { models.ome.io/download-priority: "7" }' });
  assert.equal(same.fingerprint, fingerprint);
  const others = [
    wish({ uri: "s3://bucket/llama2" }),
    wish({ storage: ", path: /models/x" }),
    wish({ storage: ", key: other" }),
    wish({ storage: ', parameters: { include: "*.json" }' }),
  ];
  assert.equal(new Set([fingerprint, ...others.map((other) => other.fingerprint)]).size, 5);
});

test("content is the same wherever the files go", () => {
  assert.equal(wish({}).content, wish({ storage: ", path: /models/x" }).content);
  assert.notEqual(wish({}).content, wish({ storage: ", parameters: { weights: auto }" }).content);
});

test("local, vendor and pvc need no bytes", () => {
  const local = wish({ uri: "local:///srv/llama" });
  assert.deepEqual([local.mode, local.path], ["present", "/srv/llama"]);
  assert.equal(wish({ uri: "local:///srv/llama", storage: ", path: /srv/other" }).path, "/srv/other");
  assert.equal(wish({ uri: "vendor://openai/gpt/x" }).mode, "external");
  assert.match(JSON.stringify(verdict({ uri: "pvc://claim/llama" })), /"skip".*cluster/);
});

test("a local model with a mode is brought, from beside the models only", () => {
  const brought = wish({
    uri: "local:///models/shared/llama",
    storage: ", path: /models/llama, parameters: { mode: reflink }",
  });
  assert.deepEqual([brought.mode, brought.path, brought.root], ["deliver", "/models/llama", "/models"]);
  const inPlace = wish({ uri: "local:///srv/llama", storage: ", parameters: { mode: in-place }" });
  assert.deepEqual([inPlace.mode, inPlace.path], ["present", "/srv/llama"]);
  for (const path of ["/etc", "/models/../etc", "/modelsx"]) {
    const refused = wish({ uri: `local://${path}`, storage: ", path: /models/llama, parameters: { mode: hard-link }" });
    assert.deepEqual([refused.mode, refused.refusal?.code], ["refused", "unsafe_path"]);
  }
});

test("a disabled model is left alone", () => {
  assert.deepEqual(verdict({ spec: "\n  disabled: true" }), { type: "skip", reason: "spec.disabled is true" });
});

test("what cannot be fulfilled says why and what to do", () => {
  const outside = wish({ storage: ", path: /etc/llama" });
  assert.equal(outside.mode, "refused");
  assert.equal(outside.refusal?.code, "unsafe_path");
  assert.match(outside.refusal?.hint ?? "", /--allow-path/);
  assert.equal(wish({ uri: "local://relative" }).refusal?.code, "config_invalid");
});

test("a bad document names its line and field, and the good one beside it counts", () => {
  const { documents, problems } = parseManifestFile(
    `apiVersion: ome.io/v1beta1
kind: ClusterBaseModel
metadata: { name: good }
spec: { storage: { storageUri: "s3://bucket/good" } }
---
apiVersion: ome.io/v1beta1
kind: ClusterBaseModel
metadata: { name: bad }
spec: { storage: { storageUri: "s4://bucket/bad" } }
`,
    "two.yaml",
  );
  assert.deepEqual(
    documents.map(({ key, origin }) => [key, origin]),
    [["clusterbasemodel/good", "two.yaml:1"]],
  );
  const errors = problems.filter(({ severity }) => severity === "error");
  assert.equal(errors.length, 1);
  assert.equal(errors[0]?.line, 9);
  assert.match(errors[0]?.message ?? "", /^spec\.storage\.storageUri /);
});
