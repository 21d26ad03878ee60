import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { runCommand } from "../support/cli.ts";

const good = `apiVersion: ome.io/v1beta1
kind: ClusterBaseModel
metadata:
  name: llama
spec:
  storage:
    storageUri: s3://models/llama
    path: /models/llama
`;

test("exit codes and output for people and programs", async () => {
  const directory = await mkdtemp(join(tmpdir(), "validate-"));
  try {
    const file = (name: string): string => join(directory, name);
    await writeFile(file("good.yaml"), good);
    await writeFile(
      file("old.yaml"),
      `${good}    parameters: { auth: AWSAccessKey, accessKeyId: AKIA, secretAccessKey: x }\n`,
    );
    await writeFile(file("bad.yaml"), good.replace("s3://", "s3:/"));

    const clean = await runCommand(["validate", file("good.yaml"), "--models-root", "/models"]);
    assert.equal(clean.code, 0);
    assert.equal(clean.stdout, "");
    assert.match(clean.stderr, /^1 model in 1 file: 0 errors, 0 warnings\.\n$/);

    const old = await runCommand(["validate", file("old.yaml")]);
    assert.equal(old.code, 0);
    assert.match(old.stdout, /old\.yaml:\d+:\d+: warning: .*"access_key"/);
    assert.equal((await runCommand(["validate", "--strict", file("old.yaml")])).code, 2);

    const bad = await runCommand(["validate", "--format", "json", file("bad.yaml"), file("good.yaml")]);
    assert.equal(bad.code, 2);
    const report = JSON.parse(bad.stdout) as {
      errors: number;
      models: number;
      problems: { path: string; line: number }[];
    };
    assert.equal(report.errors, 1);
    assert.equal(report.models, 1);
    assert.equal(report.problems[0]?.path, "spec.storage.storageUri");
    assert.equal(report.problems[0]?.line, 7);

    const missing = await runCommand(["validate", file("none.yaml")]);
    assert.equal(missing.code, 2);
    assert.match(missing.stderr, /the file does not exist/);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
