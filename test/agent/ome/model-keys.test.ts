import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { configMapKey, nodeLabelKey, parseConfigMapKey } from "../../../src/agent/ome/model-keys.ts";

const hash8 = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 8);
const baseModel = (namespace: string, name: string) => ({ kind: "BaseModel", namespace, name }) as const;
const clusterModel = (name: string) => ({ kind: "ClusterBaseModel", namespace: "", name }) as const;

test("short names stand verbatim", () => {
  assert.equal(nodeLabelKey(clusterModel("a".repeat(32))), `models.ome.io/clusterbasemodel.${"a".repeat(32)}`);
  assert.equal(nodeLabelKey(baseModel("default", "x".repeat(31))), `models.ome.io/default.basemodel.${"x".repeat(31)}`);
  assert.equal(configMapKey(baseModel("n".repeat(63), "m")), `${"n".repeat(63)}.basemodel.m`);
});

test("long names keep their end behind eight digits of their hash", () => {
  const name = `${"q".repeat(40)}-instruct-v1.2`;
  assert.equal(nodeLabelKey(clusterModel(name)), `models.ome.io/clusterbasemodel.${hash8(name)}-${name.slice(-23)}`);
  assert.equal(
    nodeLabelKey(baseModel("default", name)),
    `models.ome.io/default.basemodel.${hash8(name)}-${name.slice(-22)}`,
  );
  const long = "z".repeat(240);
  assert.equal(configMapKey(clusterModel(long)), `clusterbasemodel.${hash8(long)}-${long.slice(-227)}`);
});

test("a long namespace becomes its hash, and a name that then fits stays whole", () => {
  const namespace = "n".repeat(63);
  assert.equal(
    nodeLabelKey(baseModel(namespace, "m".repeat(30))),
    `models.ome.io/${hash8(namespace)}.basemodel.${"m".repeat(30)}`,
  );
});

test("keys never pass their limit and unshortened ones can be read back", () => {
  const label = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
  const name = fc.stringMatching(/^[a-z0-9]([-.a-z0-9]{0,250}[a-z0-9])?$/);
  fc.assert(
    fc.property(label, name, (namespace, text) => {
      for (const model of [baseModel(namespace, text), clusterModel(text)]) {
        assert.ok(Buffer.byteLength(nodeLabelKey(model)) <= "models.ome.io/".length + 49);
        const key = configMapKey(model);
        assert.ok(Buffer.byteLength(key) <= 253);
        const whole =
          namespace.length + text.length <= 236 && namespace !== "clusterbasemodel" && !namespace.includes(".");
        if (whole) assert.deepEqual(parseConfigMapKey(key), model);
      }
    }),
  );
});

test("keys of other kinds are told apart", () => {
  for (const key of ["", "clusterbasemodel.", ".basemodel.x", "ns.basemodel.", "kube-root-ca.crt"]) {
    assert.equal(parseConfigMapKey(key), undefined, key);
  }
});
