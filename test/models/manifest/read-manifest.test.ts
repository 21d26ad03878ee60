import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readManifest } from "../../../src/models/manifest/read-manifest.ts";

const object = {
  apiVersion: "ome.io/v1beta1",
  kind: "BaseModel",
  metadata: {
    name: "m",
    namespace: "ns",
    uid: "u1",
    generation: 3,
    resourceVersion: "77",
    deletionTimestamp: "2026-01-01T00:00:00Z",
    finalizers: ["basemodels.ome.io/finalizer"],
    managedFields: [{ fieldsV1: { "f:spec": {} } }],
  },
  spec: { modelFormat: { name: "" }, storage: { storageUri: "s3://bkt/x" } },
  status: { state: "Ready" },
};

test("an object of the API is read with what identifies it", () => {
  const { manifest, identity, problems } = readManifest(object);
  assert.deepEqual(problems, []);
  assert.deepEqual(manifest, {
    kind: "BaseModel",
    metadata: {
      name: "m",
      namespace: "ns",
      uid: "u1",
      generation: 3,
      resourceVersion: "77",
      deletionTimestamp: "2026-01-01T00:00:00Z",
      labels: {},
      annotations: {},
      finalizers: ["basemodels.ome.io/finalizer"],
    },
    spec: { modelFormat: { name: "" }, storage: { storageUri: "s3://bkt/x" } },
  });
  assert.deepEqual(identity, { kind: manifest?.kind, metadata: manifest?.metadata });
});

test("an object without storage, URI or with a wrong one still says who it is, so that it can be marked as failed", () => {
  for (const [spec, path] of [
    [{}, ["spec", "storage"]],
    [{ storage: null }, ["spec", "storage"]],
    [{ storage: {} }, ["spec", "storage", "storageUri"]],
    [{ storage: { storageUri: null } }, ["spec", "storage", "storageUri"]],
    [{ storage: { storageUri: "nonsense" } }, ["spec", "storage", "storageUri"]],
    [undefined, ["spec"]],
  ] as const) {
    const { manifest, identity, problems } = readManifest({ ...object, spec });
    assert.equal(manifest, undefined);
    assert.equal(identity?.metadata.uid, "u1");
    assert.deepEqual(
      problems.map((problem) => problem.path),
      [path],
    );
  }
});

test("labels of a wrong type cost the label's reading, not the identity", () => {
  const { manifest, identity } = readManifest({ ...object, metadata: { ...object.metadata, labels: { a: 1 } } });
  assert.equal(manifest, undefined);
  assert.deepEqual(identity?.metadata.labels, {});
  assert.equal(identity?.metadata.generation, 3);
});

test("the object that was given is not changed", () => {
  const given = { ...object, spec: { storage: { storageUri: "s3://bkt/x", unknown: 1, path: null } } };
  const before = structuredClone(given);
  assert.equal(readManifest(given).problems.length, 1);
  assert.deepEqual(given, before);
});

test("a field that calls itself toString is a wrong type like any other", () => {
  const { problems } = readManifest({ ...object, spec: { disabled: { toString: "" }, storage: [{ toString: "" }] } });
  assert.ok(problems.some(({ message }) => message.includes("must be true or false")));
});

test("nothing that JSON can hold makes the reader throw, and a manifest is never given together with an error", () => {
  const near = fc.record(
    {
      apiVersion: fc.constantFrom("ome.io/v1beta1", "v1", 1, null),
      kind: fc.constantFrom("BaseModel", "ClusterBaseModel", "BaseModelList", {}),
      metadata: fc.oneof(
        fc.object(),
        fc.record({ name: fc.oneof(fc.string(), fc.constant("m")), labels: fc.anything() }),
      ),
      spec: fc.oneof(
        fc.object(),
        fc.record({
          disabled: fc.anything(),
          storage: fc.oneof(
            fc.record({ storageUri: fc.oneof(fc.string(), fc.constant("s3://bkt")), parameters: fc.anything() }),
            fc.anything(),
          ),
        }),
      ),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(near, fc.anything()), (value) => {
      const { manifest, problems } = readManifest(value);
      assert.equal(
        manifest === undefined,
        problems.some(({ severity }) => severity === "error"),
      );
    }),
    { numRuns: 500 },
  );
});
