import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createStatusFile, parseStatus, readStatusFile } from "../../../src/agent/status/status-file.ts";
import { systemClock } from "../../../src/telemetry/clock.ts";
import { silentLogger } from "../../../src/telemetry/logger.ts";
import { agentStatus, modelStatus } from "../../support/agent-status.ts";

async function place(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "status-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

test("the file is there soon, follows changes, and holds the last state after the end", async (t) => {
  const directory = await place(t);
  const path = join(directory, "meta", "status.json");
  let status = agentStatus([modelStatus("a", { state: "Updating", reason: "Queued" })]);
  const file = createStatusFile({ path, snapshot: () => status, clock: systemClock, logger: silentLogger });
  status = agentStatus([modelStatus("a")]);
  file.touch();
  await file.close();
  assert.equal((await readStatusFile(path))?.models[0]?.state, "Ready");
  assert.deepEqual(await readdir(join(directory, "meta")), ["status.json"]);
});

test("what is flushed is in the file, whatever is being written meanwhile", async (t) => {
  const path = join(await place(t), "status.json");
  let names = ["a"];
  const snapshot = () => agentStatus(names.map((name) => modelStatus(name)));
  const file = createStatusFile({ path, snapshot, clock: systemClock, logger: silentLogger });
  t.after(() => file.close());
  for (let turn = 0; turn < 20; turn += 1) {
    void file.flush();
    names = [...names, `b${turn}`];
    await Promise.all([file.flush(), file.flush()]);
    assert.equal((await readStatusFile(path))?.models.length, names.length);
  }
});

test("a link that was put beside the file is not written through", async (t) => {
  const directory = await place(t);
  await writeFile(join(directory, "precious"), "untouched");
  const path = join(directory, "status.json");
  for (const name of ["status.json", "status.json.tmp"]) await symlink("precious", join(directory, name));
  const file = createStatusFile({ path, snapshot: () => agentStatus([]), clock: systemClock, logger: silentLogger });
  await file.close();
  assert.ok((await readStatusFile(path)) !== undefined);
  assert.equal(await readFile(join(directory, "precious"), "utf8"), "untouched");
});

test("a place that cannot be written costs one warning and no failure", async (t) => {
  const directory = await place(t);
  await writeFile(join(directory, "file"), "");
  const warnings: string[] = [];
  const logger = { ...silentLogger, warn: (_: unknown, message: string) => warnings.push(message) };
  const file = createStatusFile({
    path: join(directory, "file", "status.json"),
    snapshot: () => agentStatus([]),
    clock: systemClock,
    logger,
  });
  file.touch();
  await file.close();
  assert.deepEqual(warnings, ["the status file cannot be written"]);
});

test("what is no status of this version is none", async () => {
  assert.equal(parseStatus("{}"), undefined);
  assert.equal(parseStatus("not json"), undefined);
  assert.equal(parseStatus(JSON.stringify({ ...agentStatus([]), version: 2 })), undefined);
  assert.deepEqual(parseStatus(JSON.stringify(agentStatus([])))?.models, []);
  assert.equal(await readStatusFile("/nonexistent/status.json"), undefined);
});
