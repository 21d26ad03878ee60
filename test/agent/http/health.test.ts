import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { answerHealth } from "../../../src/agent/http/health.ts";
import { modelsRootCheck } from "../../../src/agent/http/models-root-check.ts";

const good = { name: "good", run: async () => undefined };
const bad = { name: "bad", run: async () => "the secret reason" };
const plain = { endpoint: "healthz", verbose: false, exclude: [] };

test("the forms of Kubernetes API servers", async () => {
  assert.deepEqual(await answerHealth([good], plain), { status: 200, body: "ok", failures: [] });
  assert.equal((await answerHealth([good], { ...plain, verbose: true })).body, "[+]good ok\nhealthz check passed\n");
  const failed = await answerHealth([good, bad], plain);
  assert.equal(failed.status, 500);
  assert.equal(failed.body, "[+]good ok\n[-]bad failed: reason withheld\nhealthz check failed\n");
  assert.deepEqual(failed.failures, [{ name: "bad", reason: "the secret reason" }]);
});

test("an excluded check does not count", async () => {
  const answer = await answerHealth([good, bad], { endpoint: "healthz", verbose: true, exclude: ["bad"] });
  assert.equal(answer.status, 200);
  assert.match(answer.body, /\[\+\]bad excluded: ok/);
});

test("the models root has to be a directory, and writable only while something is to be written", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "root-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  let writing = true;
  const check = modelsRootCheck(directory, () => writing);
  assert.equal((await answerHealth([check], plain)).status, 200);
  const file = join(directory, "file");
  await writeFile(file, "");
  assert.equal((await answerHealth([modelsRootCheck(file, () => false)], plain)).status, 500);
  assert.equal((await answerHealth([modelsRootCheck(join(directory, "none"), () => false)], plain)).status, 500);
  if (process.getuid?.() === 0) return;
  await chmod(directory, 0o555);
  assert.equal((await answerHealth([check], plain)).status, 500);
  writing = false;
  assert.equal((await answerHealth([check], plain)).status, 200);
});
