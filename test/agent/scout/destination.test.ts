import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { resolveDestination } from "../../../src/agent/scout/destination.ts";
import { isStorageError } from "../../../src/errors.ts";

const rules = { modelsRoot: "/models", allowedPaths: ["/data/extra"] };
const refused = (error: unknown): boolean => isStorageError(error) && error.code === "unsafe_path";

test("without a path the directory is named after the URI, where OME's agent puts it too", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["hf://meta/llama", "/models/hf:/meta/llama"],
    ["hf://meta/llama@main", "/models/hf:/meta/llama@main"],
    ["oci://n/ns/b/bucket/o/models/llama/", "/models/oci:/n/ns/b/bucket/o/models/llama"],
    ["s3://bucket//a", "/models/s3:/bucket/a"],
  ];
  for (const [uri, path] of cases) {
    assert.deepEqual(resolveDestination(uri, "", rules), { path, root: "/models" });
    assert.equal(resolveDestination(uri, undefined, rules).path, path);
  }
});

test("a signature in the URI does not become a directory's name, and still tells two URIs apart", () => {
  const first = resolveDestination("https://example.org/m/?sig=secret1", undefined, rules).path;
  const second = resolveDestination("https://example.org/m/?sig=secret2", undefined, rules).path;
  assert.match(first, /^\/models\/https:\/example\.org\/m\/[0-9a-f]{16}$/);
  assert.notEqual(first, second);
});

test("the token of a pre-authenticated request does not become a directory's name", () => {
  const host = "objectstorage.us-ashburn-1.oraclecloud.com";
  const { path } = resolveDestination(`https://${host}/p/t0ken/n/ns/b/bucket/o/llama/`, undefined, rules);
  assert.equal(path, `/models/https:/${host}/p/-/n/ns/b/bucket/o/llama`);
});

test("a path has to lie below the root or an allowed path", () => {
  assert.deepEqual(resolveDestination("s3://b/k", "/models/x/../llama/", rules), {
    path: "/models/llama",
    root: "/models",
  });
  assert.deepEqual(resolveDestination("s3://b/k", "/data/extra/llama", rules).root, "/data/extra");
  for (const path of ["/models", "/modelsx", "/", "/etc", "/models/../etc", "/data/extra", "/models/.model-agent/x"]) {
    assert.throws(() => resolveDestination("s3://b/k", path, rules), refused, path);
  }
});

test("no URI leads out of the root or to a name that cannot exist", () => {
  assert.throws(() => resolveDestination("s3://b/../../etc", undefined, rules), refused);
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 600 }), (rest) => {
      try {
        const { path } = resolveDestination(`s3://${rest}`, undefined, rules);
        assert.ok(path.startsWith("/models/"));
        assert.ok(path.split("/").every((name) => Buffer.byteLength(name) <= 255 && name !== ".."));
      } catch (error) {
        assert.ok(refused(error), String(error));
      }
    }),
  );
});
