import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { agentClient, agentHouse, type House, type RunningAgent } from "../support/agent-house.ts";
import { runCommand } from "../support/cli.ts";

const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

interface AgentProcess extends Omit<RunningAgent, "stop" | "ended"> {
  readonly child: ChildProcess;
  readonly port: number;
  readonly lines: string[];
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** Permissions do not hold back the superuser, so under that the process runs as nobody. */
const unprivileged = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

async function start(
  house: House,
  more: readonly string[] = [],
  user: { readonly uid?: number; readonly gid?: number } = {},
): Promise<AgentProcess> {
  const folders = ["--manifests", house.manifests, "--models-root", house.root, "--port", "0"];
  const child = spawn(process.execPath, [main, "run", ...folders, ...more], {
    env: { ...house.env, HOME: house.directory, PATH: process.env["PATH"] },
    stdio: ["ignore", "ignore", "pipe"],
    ...user,
  });
  house.atEnd(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  });
  const lines: string[] = [];
  const port = await new Promise<number>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`exit ${code}: ${lines.join("\n")}`)));
    createInterface({ input: child.stderr }).on("line", (line) => {
      lines.push(line);
      if (line.includes("the agent is running")) resolve(JSON.parse(line).port);
    });
  });
  return {
    ...agentClient(port),
    child,
    port,
    lines,
    end: async (signal) => {
      const ended = once(child, "exit");
      child.kill(signal);
      const [code] = await ended;
      return code as number | null;
    },
  };
}

test("killed in the middle and started again, it fetches what is missing and stays responsive", {
  timeout: 120_000,
}, async (t) => {
  const house = await agentHouse(t, { shards: 3, shardSize: 20_000_000 });
  await house.wish("llama");
  const first = await start(house, ["--max-bandwidth", "20M", "--concurrency", "1"]);
  await first.until("llama", (model) => (model?.progress?.completedBytes ?? 0) > 30_000_000);
  await first.end("SIGKILL");
  await new Promise((resolve) => setTimeout(resolve, 200));
  house.s3.counters.reset();

  const second = await start(house);
  // The first look resets the measurement, so that it does not hold the start of the process.
  await second.get("/metrics");
  const ready = await second.ready("llama");
  assert.equal(ready.report?.bytes, house.modelBytes);
  const sent = house.s3.counters.of("GetObject").sentBytes;
  assert.ok(sent < house.modelBytes - 12_000_000, `${sent} of ${house.modelBytes} bytes were sent again`);
  const metrics = (await second.get("/metrics")).body;
  const lag = Number(/nodejs_eventloop_lag_p99_seconds ([\d.]+)/.exec(metrics)?.[1]);
  assert.ok(lag < 0.5, `p99 of the event loop's lag is ${lag} s`);

  const asked = await runCommand(["status", "--url", `http://127.0.0.1:${second.port}`]);
  assert.match(asked.stdout, /^llama +Ready +\S+ +7 files, 60\.0 MB +\S+\/llama$/m);
  const other = await runCommand(["run", "--manifests", house.manifests, "--models-root", house.root, "--port", "0"]);
  assert.equal(other.code, 5);
  assert.match(other.stderr, new RegExp(`another agent \\(process ${second.child.pid} on `));

  assert.equal(await second.end("SIGTERM"), 0);
  const written = await runCommand(["status", "--models-root", house.root]);
  assert.match(written.stdout, /stopped \S+ ago/);
  assert.match(written.stdout, /^llama +Ready/m);
  for (const line of second.lines) assert.equal(typeof JSON.parse(line).msg, "string");
  assert.ok(!second.lines.join("\n").includes("secret-of-the-tests"));
});

test("without a folder of manifests it ends with exit code 2 and the option to correct", {
  timeout: 60_000,
}, async (t) => {
  const house = await agentHouse(t);
  const missing = join(house.directory, "nowhere");
  const { code, stderr } = await runCommand([
    "run",
    "--manifests",
    missing,
    "--models-root",
    house.root,
    "--port",
    "0",
  ]);
  assert.equal(code, 2);
  assert.match(stderr, /--manifests/);
});

test("on a root that cannot be written, models in place are Ready and the agent is healthy; a new one fails", {
  timeout: 120_000,
}, async (t) => {
  const house = await agentHouse(t);
  await house.wish("llama");
  await writeFile(
    join(house.manifests, "local.yaml"),
    `apiVersion: ome.io/v1beta1\nkind: ClusterBaseModel\nmetadata: { name: local }\nspec: { storage: { storageUri: "local://${house.manifests}" } }\n`,
  );
  const first = await start(house);
  await first.ready("llama");
  await first.end("SIGTERM");
  await chmod(house.directory, 0o755);
  await setModes(house.root, 0o555);
  try {
    const second = await start(house, [], unprivileged);
    assert.equal((await second.ready("llama")).state, "Ready");
    assert.equal((await second.ready("local")).state, "Ready");
    assert.equal((await second.get("/healthz")).body, "ok");
    await house.wish("other");
    const failed = await second.until("other", (model) => model?.state === "Failed");
    assert.equal(failed?.reason, "PathNotWritable");
    assert.equal((await second.get("/healthz")).status, 500);
    assert.equal((await second.get("/livez")).status, 200);
    assert.equal((await second.ready("llama")).state, "Ready");
  } finally {
    await setModes(house.root, 0o755);
  }
});

async function setModes(directory: string, mode: number): Promise<void> {
  await chmod(directory, mode | 0o700);
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) await setModes(join(directory, entry.name), mode);
  }
  await chmod(directory, mode);
}
