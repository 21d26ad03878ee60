import assert from "node:assert/strict";
import { test } from "node:test";
import { isStorageError } from "../../../src/errors.ts";
import type { Defect } from "../../../src/models/completeness/completeness-report.ts";
import { requireComplete } from "../../../src/models/completeness/require-complete.ts";

const defect = (path: string, changes: Partial<Defect> = {}): Defect => ({
  path,
  kind: "bad_structure",
  detail: "is 3 bytes shorter than its safetensors header says",
  upstream: false,
  ...changes,
});

function messageOf(...defects: Defect[]): string {
  try {
    requireComplete({ defects, excluded: [] }, "s3://bkt/llama");
  } catch (error) {
    assert.ok(isStorageError(error));
    assert.equal(error.code, "incomplete_model");
    assert.equal(error.retry, "permanent");
    return error.message;
  }
  return "";
}

test("a whole model passes", () => {
  assert.equal(messageOf(), "");
});

test("the message names the files and the next step", () => {
  assert.equal(
    messageOf(defect("a.safetensors")),
    "check model s3://bkt/llama: a.safetensors is 3 bytes shorter than its safetensors header says. Fetch the model again; if that does not help, upload the file to the source again.",
  );
  assert.equal(
    messageOf(
      defect("b.safetensors", { kind: "missing", detail: "is missing, by model.safetensors.index.json" }),
      ...["c", "d", "e", "f"].map((path) => defect(path, { detail: "is empty", kind: "empty" })),
    ),
    "check model s3://bkt/llama: b.safetensors is missing, by model.safetensors.index.json; c is empty; d is empty; and 2 more files. Add the file to the source; if it is not needed, exclude the index that names it.",
  );
});

test("what is broken at the source says upstream and does not ask to fetch it again", () => {
  assert.equal(
    messageOf(defect("a.safetensors", { upstream: true })),
    "check model s3://bkt/llama: a.safetensors is 3 bytes shorter than its safetensors header says (upstream: the source itself has it so). Choose another revision, or upload the file to the source again; fetching it again brings the same bytes.",
  );
  assert.match(
    messageOf(
      defect("a", { kind: "lfs_pointer", detail: "is a Git LFS pointer to a file that is not there", upstream: true }),
    ),
    /git lfs pull/,
  );
});
