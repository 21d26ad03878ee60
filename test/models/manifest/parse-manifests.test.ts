import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type ParseManifestsOptions, parseManifests } from "../../../src/models/manifest/parse-manifests.ts";

const whole = `# Llama, as the cluster has it
apiVersion: ome.io/v1beta1
kind: ClusterBaseModel
metadata:
  name: llama-3-1-70b-instruct
  uid: 5b7c1f5e-0000-4000-8000-000000000001
  generation: 4
  labels:
    models.ome/reserve-model-artifact: "true"
  annotations:
    ome.oracle.com/skip-config-parsing: "true"
  managedFields: [{manager: kubectl}]
spec:
  vendor: meta
  displayName: meta.llama-3.1-70b-instruct
  version: "1.0.0"
  disabled: false
  compartmentID: ocid1.compartment
  modelFormat: {name: safetensors, version: "1.0.0", operator: Equal, weight: 1}
  modelFramework: {name: transformers, version: "4.43.0"}
  modelType: llama
  modelArchitecture: LlamaForCausalLM
  modelParameterSize: 70B
  quantization: nvfp4
  maxTokens: 131072
  modelCapabilities: [TEXT_TO_TEXT]
  apiCapabilities: [OPENAI_V1_CHAT_COMPLETIONS]
  servingMode: [On-demand]
  modelConfiguration: {anything: [1, null, {deep: true}]}
  additionalMetadata: {type: Serving}
  diffusionPipeline:
    className: FluxPipeline
    vae: {library: diffusers, type: AutoencoderKL}
    additionalComponents: {text_encoder_2: {library: transformers, type: T5EncoderModel}}
  storage:
    storageUri: hf://meta-llama/Llama-3.1-70B-Instruct@main
    path: /raid/models/meta/llama-3-1-70b-instruct
    key: hf-token
    schemaPath: config.json
    downloadPolicy: ReuseIfExists
    parameters: {secretKey: token, exclude: "original/", weights: auto}
    nodeSelector: {gpu: h100}
    nodeAffinity:
      requiredDuringSchedulingIgnoredDuringExecution:
        nodeSelectorTerms:
        - matchExpressions: [{key: zone, operator: In, values: [a, b]}]
          matchFields: [{key: metadata.name, operator: Exists}]
      preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1}]
status: {state: Ready, nodesReady: [n1], lifecycle: null}
`;

/** Every problem as one line, the way a compiler prints it. */
function problemsOf(text: string, options?: ParseManifestsOptions): string[] {
  return parseManifests(text, "m.yaml", options).problems.map(
    ({ file, line, column, severity, path, message }) => `${file}:${line}:${column} ${severity} ${path}: ${message}`,
  );
}

function model(storage: string, more = ""): string {
  return `apiVersion: ome.io/v1beta1\nkind: BaseModel\nmetadata: {name: m, namespace: ns}\nspec:\n  storage:\n${storage}\n${more}`;
}

test("every field that the custom resource has is read without a word", () => {
  const { manifests, problems } = parseManifests(whole, "llama.yaml");
  assert.deepEqual(problems, []);
  const [manifest] = manifests;
  assert.equal(manifest?.kind, "ClusterBaseModel");
  assert.deepEqual(manifest?.source, { file: "llama.yaml", line: 2 });
  assert.deepEqual(manifest?.metadata, {
    name: "llama-3-1-70b-instruct",
    uid: "5b7c1f5e-0000-4000-8000-000000000001",
    generation: 4,
    labels: { "models.ome/reserve-model-artifact": "true" },
    annotations: { "ome.oracle.com/skip-config-parsing": "true" },
    finalizers: [],
  });
  assert.equal(manifest?.spec.storage.storageUri, "hf://meta-llama/Llama-3.1-70B-Instruct@main");
  assert.equal(manifest?.spec.quantization, "nvfp4");
  assert.deepEqual(manifest?.spec.modelConfiguration, { anything: [1, null, { deep: true }] });
  assert.deepEqual(manifest?.spec.storage.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution, {
    nodeSelectorTerms: [
      {
        matchExpressions: [{ key: "zone", operator: "In", values: ["a", "b"] }],
        matchFields: [{ key: "metadata.name", operator: "Exists" }],
      },
    ],
  });
});

test("a file holds many documents and lists, each model with its line; a BaseModel without namespace is in default", () => {
  const text = `---
${model("    storageUri: s3://bkt/x")}
---
# nothing here
---
apiVersion: v1
kind: List
items:
- apiVersion: ome.io/v1beta1
  kind: BaseModel
  metadata: {name: a}
  spec: {storage: {storageUri: "gs://bkt/a"}}
- apiVersion: ome.io/v1beta1
  kind: ClusterBaseModel
  metadata: {name: a}
  spec: {storage: {storageUri: "gs://bkt/b"}}
`;
  const { manifests, problems } = parseManifests(text, "all.yaml");
  assert.deepEqual(problems, []);
  assert.deepEqual(
    manifests.map(({ kind, metadata, source }) => [kind, metadata.namespace, metadata.name, source?.line]),
    [
      ["BaseModel", "ns", "m", 2],
      ["BaseModel", "default", "a", 15],
      ["ClusterBaseModel", undefined, "a", 19],
    ],
  );
});

test("JSON, CRLF line ends, merge keys and nulls are read as Kubernetes reads them", () => {
  const json = JSON.stringify({
    apiVersion: "ome.io/v1beta1",
    kind: "BaseModel",
    metadata: { name: "j", creationTimestamp: null, labels: null },
    spec: { vendor: null, storage: { storageUri: "s3://bkt/x", path: null } },
  });
  assert.deepEqual(parseManifests(json, "m.json").manifests[0]?.spec, { storage: { storageUri: "s3://bkt/x" } });
  assert.equal(parseManifests(whole.replaceAll("\n", "\r\n"), "m").problems.length, 0);
  const merged = model("    <<: &s {storageUri: 's3://bkt/x'}\n    path:");
  assert.deepEqual(problemsOf(merged), []);
  assert.deepEqual(parseManifests(merged, "m").manifests[0]?.spec.storage, { storageUri: "s3://bkt/x" });
});

test("unknown fields are warned of by line, with the nearest name, and do not stop the model", () => {
  const text = model(
    "    storageUri: s3://bkt/x\n    storageKey: k\n    parmeters: {a: b}",
    "  distribution: Sharded\n  modelTyp: llama\nlabels: {}",
  );
  assert.deepEqual(problemsOf(text), [
    'm.yaml:7:5 warning spec.storage.storageKey: is not known and is ignored; did you mean "key"?',
    'm.yaml:8:5 warning spec.storage.parmeters: is not known and is ignored; did you mean "parameters"?',
    "m.yaml:9:3 warning spec.distribution: is not known and is ignored; known here: modelFormat, modelFramework, modelType, modelArchitecture, modelParameterSize, quantization, modelCapabilities, apiCapabilities, modelConfiguration, diffusionPipeline, maxTokens, storage, additionalMetadata, displayName, version, vendor, compartmentID, disabled, servingMode",
    'm.yaml:10:3 warning spec.modelTyp: is not known and is ignored; did you mean "modelType"?',
    "m.yaml:11:1 warning labels: is not known and is ignored; known here: apiVersion, kind, metadata, spec, status",
  ]);
  assert.equal(parseManifests(text, "m.yaml").manifests.length, 1);
});

const wrong: readonly (readonly [title: string, text: string, problems: readonly string[]])[] = [
  [
    "a number where text belongs, as it was written",
    model("    storageUri: s3://bkt/x", "  version: 1.10"),
    ['m.yaml:7:12 error spec.version: is a number (1.10), must be text: write it in quotation marks, "1.10"'],
  ],
  [
    "a label without quotation marks",
    model("    storageUri: s3://bkt/x").replace(
      "namespace: ns",
      'namespace: ns, labels: {"a.b/c": yes, "a.b/d": true}',
    ),
    [
      'm.yaml:3:68 error metadata.labels["a.b/d"]: is a boolean (true), must be text: write it in quotation marks, "true"',
    ],
  ],
  [
    "yes for true",
    model("    storageUri: s3://bkt/x", "  disabled: yes"),
    ["m.yaml:7:13 error spec.disabled: is text, must be true or false"],
  ],
  [
    "text for a number",
    model("    storageUri: s3://bkt/x", "  maxTokens: 8k"),
    ["m.yaml:7:14 error spec.maxTokens: is text, must be a whole number"],
  ],
  [
    "text for a list",
    model("    storageUri: s3://bkt/x", "  modelCapabilities: CHAT"),
    ["m.yaml:7:22 error spec.modelCapabilities: is text, must be a list"],
  ],
  [
    "a list for a group",
    model("    storageUri: s3://bkt/x", "  modelFormat: [a]"),
    ["m.yaml:7:3 error spec.modelFormat: is a list, must hold named fields"],
  ],
  ["no storage URI", model("    path: /mnt/x"), ["m.yaml:5:3 error spec.storage.storageUri: is missing"]],
  [
    "an empty storage URI",
    model("    storageUri: ''"),
    [
      "m.yaml:6:17 error spec.storage.storageUri: is no usable storage URI: the URI is empty. Write for example s3://{bucket}/{prefix}.",
    ],
  ],
  [
    "a storage URI with a typo",
    model("    storageUri: gss://bkt/x"),
    [
      'm.yaml:6:17 error spec.storage.storageUri: is no usable storage URI: the scheme "gss" is unknown. Did you mean gs://bkt/x?',
    ],
  ],
  [
    "a relative path",
    model("    storageUri: s3://bkt/x\n    path: models/x"),
    [
      "m.yaml:7:11 error spec.storage.path: must be an absolute path, such as /mnt/models/llama; leave it out for the default",
    ],
  ],
  [
    "a path that climbs",
    model("    storageUri: s3://bkt/x\n    path: /mnt/../etc"),
    ['m.yaml:7:11 error spec.storage.path: has a ".." segment; write the path without it'],
  ],
  [
    "a secret where its name belongs",
    model("    storageUri: hf://a/b\n    key: hf_ABCdef"),
    ["m.yaml:7:10 error spec.storage.key: must be the name of a Secret, not the secret itself"],
  ],
  [
    "a secret among the parameters, which is only warned of",
    model("    storageUri: hf://a/b\n    parameters: {token: hf_s3cret, secretKey: token, Secret_Access_Key: s3cret}"),
    [
      "m.yaml:7:18 warning spec.storage.parameters.token: holds a secret in plain text, which everyone can read who may read this object: put it into a Secret and name that in spec.storage.key",
      "m.yaml:7:54 warning spec.storage.parameters.Secret_Access_Key: holds a secret in plain text, which everyone can read who may read this object: put it into a Secret and name that in spec.storage.key",
    ],
  ],
  [
    "an unknown preset",
    model("    storageUri: s3://bkt/x\n    parameters: {weights: safetensors}"),
    ['m.yaml:7:27 error spec.storage.parameters.weights: "safetensors" is not a preset. Write auto or all.'],
  ],
  [
    "a glob that can match nothing",
    model("    storageUri: s3://bkt/x\n    parameters: {exclude: '*.bin,/x'}"),
    ['m.yaml:7:27 error spec.storage.parameters.exclude: "/x" begins with a slash. Write it relative to the model.'],
  ],
  [
    "a wrong policy",
    model("    storageUri: s3://bkt/x\n    downloadPolicy: reuseIfExist"),
    ['m.yaml:7:21 error spec.storage.downloadPolicy: is "reuseIfExist"; did you mean "ReuseIfExists"?'],
  ],
  [
    "a wrong operator deep inside",
    model(
      "    storageUri: s3://bkt/x\n    nodeAffinity:\n      requiredDuringSchedulingIgnoredDuringExecution:\n        nodeSelectorTerms:\n        - matchExpressions:\n          - key: gpus\n            operator: Gte\n            values: [8]",
    ),
    [
      'm.yaml:12:23 error spec.storage.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].operator: is "Gte"; did you mean "Gt"?',
      'm.yaml:13:22 error spec.storage.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].values[0]: is a number (8), must be text: write it in quotation marks, "8"',
    ],
  ],
  [
    "a name that Kubernetes refuses",
    model("    storageUri: s3://bkt/x").replace("name: m", "name: Llama_3"),
    [
      "m.yaml:3:18 error metadata.name: must be lower-case letters, digits, - and ., 253 at most, and begin and end with a letter or digit",
    ],
  ],
  [
    "a namespace that Kubernetes refuses",
    model("    storageUri: s3://bkt/x").replace("ns}", "a.b}"),
    ["m.yaml:3:32 error metadata.namespace: must be lower-case letters, digits and inner -, 63 at most"],
  ],
  [
    "a namespace for a cluster's model",
    model("    storageUri: s3://bkt/x").replace("BaseModel", "ClusterBaseModel"),
    ["m.yaml:3:21 warning metadata.namespace: is ignored: a ClusterBaseModel belongs to no namespace"],
  ],
  [
    "no name",
    model("    storageUri: s3://bkt/x").replace("name: m, ", ""),
    ["m.yaml:3:1 error metadata.name: is missing"],
  ],
  [
    "no spec",
    "apiVersion: ome.io/v1beta1\nkind: BaseModel\nmetadata: {name: m}",
    ["m.yaml:1:1 error spec: is missing"],
  ],
  [
    "another version",
    model("    storageUri: s3://bkt/x").replace("v1beta1", "v1alpha1"),
    ['m.yaml:1:13 error apiVersion: is "ome.io/v1alpha1"; did you mean "ome.io/v1beta1"?'],
  ],
  [
    "another group",
    model("    storageUri: s3://bkt/x").replace("ome.io/v1beta1", "v1"),
    ['m.yaml:1:13 error apiVersion: is "v1"; must be ome.io/v1beta1'],
  ],
  [
    "a typo in the kind",
    model("    storageUri: s3://bkt/x").replace("BaseModel", "BaseModle"),
    ['m.yaml:2:7 error kind: is "BaseModle"; did you mean "BaseModel"?'],
  ],
  [
    "no kind",
    "metadata: {name: m}\nspec: {storage: {storageUri: 's3://bkt/x'}}",
    ["m.yaml:1:1 error apiVersion: is missing", "m.yaml:1:1 error kind: is missing"],
  ],
  [
    "a kind that is no model",
    "apiVersion: ome.io/v1beta1\nkind: FineTunedWeight\nmetadata: {name: f}",
    ['m.yaml:2:1 warning kind: "FineTunedWeight" is no model; it is left out'],
  ],
  ["no object", "just text", ["m.yaml:1:1 error : is not an object with apiVersion, kind, metadata and spec"]],
  [
    "an indentation slip",
    "apiVersion: ome.io/v1beta1\nkind: BaseModel\n metadata: {name: m}",
    [
      "m.yaml:2:7 error : is not valid YAML: Nested mappings are not allowed in compact mappings; check indentation and punctuation around this line",
    ],
  ],
  [
    "the same field again",
    model("    storageUri: s3://bkt/x\n    storageUri: s3://bkt/y"),
    [
      "m.yaml:7:5 error : is not valid YAML: Map keys must be unique; check indentation and punctuation around this line",
    ],
  ],
  ["an object that contains itself", "a: &a [*a]", ["m.yaml:1:1 error : is nested too deeply, or contains itself"]],
  [
    "aliases that multiply",
    `a: &a [x,x,x,x,x,x,x,x,x]\n${["b", "c", "d", "e", "f"].map((name, index) => `${name}: &${name} [${Array(9).fill(`*${"abcdef"[index]}`).join(",")}]`).join("\n")}`,
    ["m.yaml:1:1 error : is not usable YAML: Excessive alias count indicates a resource exhaustion attack"],
  ],
  [
    "a model defined twice",
    `${model("    storageUri: s3://bkt/x")}---\n${model("    storageUri: s3://bkt/y")}`,
    [
      'm.yaml:8:1 error metadata.name: BaseModel "m" is already defined at line 1: give one of them another name, or remove it',
    ],
  ],
];

for (const [title, text, expected] of wrong) {
  test(`${title} is told with file, line, column and path`, () => {
    assert.deepEqual(problemsOf(text), expected);
    const refused = expected.some((line) => line.includes(" error ")) || title.startsWith("a kind");
    assert.equal(parseManifests(text, "m.yaml").manifests.length, title.endsWith("twice") ? 1 : refused ? 0 : 1);
  });
}

test("one reading tells every problem of a document, and the document does not harm its neighbours", () => {
  const bad = model("    storageUri: s3:/bkt\n    path: x\n    downloadPolicy: Never", "  disabled: no");
  const { manifests, problems } = parseManifests(`${bad}\n---\n${model("    storageUri: s3://bkt/x")}`, "m.yaml");
  assert.deepEqual(
    problems.map(({ path, model }) => [path, model?.metadata.name, model?.metadata.namespace]),
    [
      ["spec.storage.storageUri", "m", "ns"],
      ["spec.storage.path", "m", "ns"],
      ["spec.storage.downloadPolicy", "m", "ns"],
      ["spec.disabled", "m", "ns"],
    ],
  );
  assert.equal(manifests.length, 1);
});

test("a plug-in's scheme is accepted where it is registered", () => {
  const text = model("    storageUri: plug://store/x");
  assert.equal(parseManifests(text, "m").problems.length, 1);
  assert.deepEqual(parseManifests(text, "m", { pluginSchemes: new Set(["plug"]) }).problems, []);
});

test("secrets are in no message", () => {
  const text = model(
    "    storageUri: https://user:s3cret@example.org/x\n    key: S3CRET s3cret\n    parameters: {token: s3cret, password: s3cret}",
  );
  for (const line of problemsOf(text)) assert.doesNotMatch(line, /s3cret/);
});

test("no text makes the reader throw", () => {
  const lines = whole.split("\n");
  const mangled = fc
    .array(fc.tuple(fc.nat(lines.length - 1), fc.string({ maxLength: 12 }), fc.boolean()), { maxLength: 4 })
    .map((edits) => {
      const copy = [...lines];
      for (const [at, text, whole] of edits) copy[at] = whole ? text : `${copy[at]}${text}`;
      return copy.join("\n");
    });
  fc.assert(
    fc.property(fc.oneof(mangled, fc.string({ unit: "binary" })), (text) => {
      for (const { line, column } of parseManifests(text, "m").problems) assert.ok(line >= 1 && column >= 1);
    }),
    { numRuns: 500 },
  );
});

describe("secrets in manifests with mistakes", () => {
  const secret = "4711081547110815";
  for (const written of [
    secret,
    `!${secret}`,
    `*${secret}`,
    `"${secret}\n      x: 1`,
    `${secret}: x`,
    `[${secret}]`,
    `x\n${secret}`,
    `x\n    ]${secret}`,
  ]) {
    test(`no problem repeats ${JSON.stringify(written)}`, () => {
      const { problems } = parseManifests(
        `apiVersion: ome.io/v1beta1\nkind: ClusterBaseModel\nmetadata: {name: m}\nspec:\n  storage:\n    storageUri: s3://b/k\n    parameters:\n      secret_access_key: ${written}\n`,
        "models.yaml",
      );
      assert.ok(problems.length > 0);
      for (const { message } of problems) assert.ok(!message.includes(secret), message);
    });
  }
});
