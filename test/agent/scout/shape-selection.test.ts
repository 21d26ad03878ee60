import assert from "node:assert/strict";
import { test } from "node:test";
import { shapeSelection } from "../../../src/agent/scout/shape-selection.ts";
import { isStorageError } from "../../../src/errors.ts";
import { selectFiles } from "../../../src/models/selection.ts";
import { parseUri } from "../../../src/uri/parse-uri.ts";

const files = ["H100/a.engine", "x/H100/b.engine", "H100", "AH100/c", "A10/d", "config.json"].map((path) => ({
  path,
  size: 1,
}));

function chosen(uri: string, shape: string, parameters: Readonly<Record<string, string>> = {}): readonly string[] {
  const selection = shapeSelection(parseUri(uri), shape, parameters);
  return selectFiles(files, selection ?? {}).selected.map(({ path }) => path);
}

test("only what lies in a folder of the accelerator's name is wanted", () => {
  for (const uri of ["oci://n/ns/b/bucket/o/m", "s3://b/m", "gs://b/m", "az://account/container/m"]) {
    assert.deepEqual(chosen(uri, "H100"), ["H100/a.engine", "x/H100/b.engine"], uri);
  }
});

test("everything is, where the URI leads into such a folder, files are chosen already, or there are no such folders", () => {
  assert.equal(chosen("s3://b/m/H100/", "H100").length, files.length);
  assert.equal(chosen("s3://b/m/H100", "H100").length, files.length);
  assert.notEqual(chosen("s3://b/m/AH100", "H100").length, files.length);
  assert.equal(shapeSelection(parseUri("s3://b/m"), "H100", { include: "*.json" }), undefined);
  assert.equal(shapeSelection(parseUri("hf://org/m"), "H100", {}), undefined);
});

test("names of accelerators are no patterns", () => {
  assert.deepEqual(chosen("s3://b/m", "H*"), []);
  assert.deepEqual(chosen("s3://b/m", "{H100,A10}"), []);
});

test("a node that does not say what it has is an error with what to do", () => {
  assert.throws(
    () => shapeSelection(parseUri("s3://b/m"), "", {}),
    (error) => isStorageError(error) && /node\.kubernetes\.io\/instance-type/.test(error.hint),
  );
});
