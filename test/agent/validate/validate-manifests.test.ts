import assert from "node:assert/strict";
import { test } from "node:test";
import { validateManifests } from "../../../src/agent/validate/validate-manifests.ts";

const rules = { modelsRoot: "/models", allowedPaths: ["/scratch"] };

function model(name: string, storage: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({
    apiVersion: "ome.io/v1beta1",
    kind: "ClusterBaseModel",
    metadata: { name },
    spec: { storage },
  });
}

async function problemsOf(...documents: readonly string[]): Promise<readonly string[]> {
  const { problems } = await validateManifests([{ file: "m.yaml", text: documents.join("\n---\n") }], rules);
  return problems.map(({ severity, path, message }) => `${severity} ${path}: ${message}`);
}

test("manifests that are right have no problems, OME's own included", async () => {
  assert.deepEqual(
    await problemsOf(
      model("a", {
        storageUri: "s3://models/a",
        path: "/models/a",
        parameters: { region: "eu-west-1", auth: "iam_role" },
      }),
      model("b", {
        storageUri: "oci://n/ns/b/models/o/llama/",
        path: "/models/b",
        parameters: { auth: "instance_principal", region: "us-ashburn-1" },
      }),
      model("c", { storageUri: "hf://meta-llama/Llama-3-8B", path: "/scratch/c", key: "hf-token" }),
      model("d", { storageUri: "vendor://nvidia/models/x" }),
      model("e", { storageUri: "pvc://claim/x" }),
    ),
    [],
  );
});

test("old spellings are understood, and the present one is proposed", async () => {
  assert.deepEqual(
    await problemsOf(
      model("a", { storageUri: "oci://n/ns/b/m/o/x", path: "/models/a", parameters: { auth: "InstancePrincipal" } }),
    ),
    [
      'warning spec.storage.parameters.auth: "InstancePrincipal" is understood; the present spelling is "instance_principal".',
    ],
  );
});

test("typos in URI, parameters and auth types are named with what is right", async () => {
  const cases: readonly (readonly [Readonly<Record<string, unknown>>, RegExp])[] = [
    [{ storageUri: "s4://models/a", path: "/models/a" }, /^error spec\.storage\.storageUri: .*s4/],
    [
      { storageUri: "s3://models/a", path: "/models/a", parameters: { regoin: "x" } },
      /^error spec\.storage\.parameters: .*Did you mean "region"\?/,
    ],
    [
      { storageUri: "s3://models/a", path: "/models/a", parameters: { auth: "acess_key" } },
      /^error spec\.storage\.parameters: .*Did you mean "access_key"\?/,
    ],
    [{ storageUri: "s3://models/a", path: "/elsewhere/a" }, /^error spec\.storage\.path: .*does not lie below/],
    [{ storageUri: "s3://models/a", path: "/models/../etc" }, /^error spec\.storage\.path: /],
  ];
  for (const [storage, expected] of cases) {
    const problems = await problemsOf(model("a", storage));
    assert.equal(problems.length, 1, problems.join("\n"));
    assert.match(problems[0] ?? "", expected);
  }
});

test("two models on one path conflict unless their content is the same", async () => {
  const conflicting = await problemsOf(
    model("a", { storageUri: "s3://models/a", path: "/models/x" }),
    model("b", { storageUri: "s3://models/b", path: "/models/x" }),
  );
  assert.equal(conflicting.length, 1);
  assert.match(conflicting[0] ?? "", /^error spec\.storage\.path: \/models\/x belongs to a \(m\.yaml:1\)/);
  assert.deepEqual(
    await problemsOf(
      model("a", { storageUri: "s3://models/a", path: "/models/x" }),
      model("b", { storageUri: "s3://models/a", path: "/models/x" }),
    ),
    [],
  );
});

test("the same model in two files is an error", async () => {
  const text = model("a", { storageUri: "s3://models/a", path: "/models/a" });
  const { problems } = await validateManifests(
    [
      { file: "one.yaml", text },
      { file: "two.yaml", text },
    ],
    rules,
  );
  assert.deepEqual(
    problems.map(({ file, message }) => [file, message]),
    [["two.yaml", "The same model stands in one.yaml:1: remove one of the two."]],
  );
});

test("a secret in plain text is a warning that does not show it", async () => {
  const problems = (
    await problemsOf(
      model("a", { storageUri: "hf://org/model", path: "/models/a", parameters: { token: "hf_verysecret" } }),
    )
  ).join("\n");
  assert.match(problems, /^warning /);
  assert.ok(!problems.includes("hf_verysecret"));
});
