/**
 * The whole way on one machine, without network: an S3-compatible server with a generated model of 400 MB, the agent on a
 * folder of manifests, killed half-way and started again, and the proof that it leaves.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { AgentStatus, ModelStatus } from "../src/agent/index.ts";
import { createLiveRegion } from "../src/cli/progress/live-region.ts";
import { progressLines } from "../src/cli/progress/progress-lines.ts";
import { readProof } from "../src/store/proof.ts";
import { formatBytes, formatDuration, formatRate } from "../src/telemetry/human-format.ts";
import type { DownloadProgress } from "../src/telemetry/progress.ts";
import { generatedModel } from "../src/testing/content/index.ts";
import { startFakeS3 } from "../src/testing/fake-s3/index.ts";

const shards = 4;
const shardSize = 100_000_000;
/** Keeps the first run slow enough to be killed in the middle. */
const firstRunBandwidth = "80M";
const patienceMs = 50_000;

const commandLine = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));
const credential = { accessKeyId: "AKIADEMODEMODEMODEMO", secretAccessKey: "only-for-this-demo" };
const terminal = process.stdout.isTTY === true;
const region = createLiveRegion({
  write: (text) => process.stdout.write(text),
  columns: () => process.stdout.columns ?? 80,
});

function say(text: string): void {
  region.write(`${text}\n`);
}

const running = new Set<ChildProcess>();

interface Agent {
  readonly process: ChildProcess;
  status(): Promise<ModelStatus | undefined>;
}

async function startAgent(place: Place, options: readonly string[]): Promise<Agent> {
  const folders = ["--manifests", place.manifests, "--models-root", place.root];
  const child = spawn(process.execPath, [commandLine, "run", ...folders, "--port", "0", ...options], {
    env: {
      PATH: process.env["PATH"] ?? "",
      HOME: place.directory,
      AWS_ACCESS_KEY_ID: credential.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credential.secretAccessKey,
    },
    stdio: ["ignore", "inherit", "pipe"],
  });
  running.add(child);
  child.once("exit", () => running.delete(child));
  const lines = createInterface({ input: child.stderr });
  const port = await new Promise<number>((resolve, reject) => {
    lines.on("line", (line) => {
      const entry = readLogLine(line);
      if (entry.msg === "the agent is running") resolve(entry.port ?? 0);
      else if (entry.level === "warn" || entry.level === "error") say(`  agent: ${line}`);
    });
    child.once("exit", (code) => reject(new Error(`the agent ended with exit code ${code}`)));
  });
  return {
    process: child,
    status: async () => {
      const response = await fetch(`http://127.0.0.1:${port}/status`);
      return ((await response.json()) as AgentStatus).models[0];
    },
  };
}

function readLogLine(line: string): { readonly msg?: string; readonly port?: number; readonly level?: string } {
  try {
    return JSON.parse(line);
  } catch {
    return { level: "error" };
  }
}

/** Shows the progress of the model until it is Ready or `until` says so. */
async function follow(agent: Agent, until: (status: ModelStatus) => boolean): Promise<ModelStatus> {
  let saidAt = 0;
  for (;;) {
    const status = await agent.status();
    if (status?.state === "Failed") throw new Error(status.message);
    if (status?.progress !== undefined) {
      if (terminal) region.draw(frame(status.progress));
      else if (performance.now() - saidAt > 1000) {
        saidAt = performance.now();
        say(frame(status.progress).at(-1) ?? "");
      }
    }
    if (status !== undefined && (status.state === "Ready" || until(status))) {
      region.clear();
      return status;
    }
    await sleep(50);
  }
}

function frame(progress: DownloadProgress): readonly string[] {
  const columns = process.stdout.columns ?? 100;
  return progressLines(progress, { columns, rows: 8, unicode: terminal, color: terminal });
}

interface Place {
  readonly directory: string;
  readonly manifests: string;
  readonly root: string;
}

async function demo(place: Place): Promise<void> {
  const startedAt = performance.now();
  say(`1. An S3-compatible server on this machine, and a model of ${shards} safetensors shards in it.`);
  const store = await startFakeS3({ buckets: ["models"], credentials: [credential] });
  let size = 0;
  const model = Object.entries(generatedModel({ seed: 7, shards, shardSize }));
  for (const [name, content] of model) {
    size += content.size;
    await store.putObject("models", `llama-demo/${name}`, content);
  }
  say(`   s3://models/llama-demo: ${model.length} files, ${formatBytes(size)}`);

  const manifest = `apiVersion: ome.io/v1beta1
kind: ClusterBaseModel
metadata:
  name: llama-demo
spec:
  storage:
    storageUri: s3://models/llama-demo
    path: ${join(place.root, "llama-demo")}
    parameters: { endpoint: "${store.url}", region: us-east-1 }
`;
  await writeFile(join(place.manifests, "llama-demo.yaml"), manifest);
  const sent = (): number => store.counters.of("GetObject").sentBytes;

  say("2. The agent sees the manifest and brings the model (held to 80 MB/s, so that it can be interrupted).");
  const first = await startAgent(place, ["--max-bandwidth", firstRunBandwidth, "--concurrency", "4"]);
  const killed = await follow(first, ({ progress }) => (progress?.completedBytes ?? 0) > size / 2);
  const killedExit = once(first.process, "exit");
  first.process.kill("SIGKILL");
  await killedExit;
  await sleep(200);
  const sentBefore = sent();
  say(`3. Killed with SIGKILL at ${formatBytes(killed.progress?.completedBytes ?? 0)} of ${formatBytes(size)}.`);

  say("4. Started again, without the limit: it takes over what is on disk and fetches the rest.");
  const restartedAt = performance.now();
  const second = await startAgent(place, []);
  await follow(second, () => false);
  const seconds = (performance.now() - restartedAt) / 1000;
  const fetched = sent() - sentBefore;
  say(
    `   Ready after ${formatDuration(seconds)}: ${formatBytes(fetched)} fetched (${formatRate(fetched / seconds)}, start included), the rest resumed.`,
  );

  const destination = join(place.root, "llama-demo");
  const proof = await readProof(destination);
  if (proof === undefined) throw new Error("there is no proof");
  say("5. The proof:");
  for (const file of proof.files) {
    const by = file.verification.by === "source" ? `${file.verification.algorithm} of the source` : "size only";
    say(
      `   ${file.path.padEnd(34)} ${formatBytes(file.size).padStart(8)}  verified by ${by}  ${file.units.algorithm} ${file.checksum}`,
    );
  }

  say("6. Stopped, and started once more: what is proven is Ready without a byte.");
  await stop(second);
  const sentForProof = sent();
  const thirdAt = performance.now();
  const third = await startAgent(place, []);
  await follow(third, () => false);
  say(
    `   Ready ${formatDuration((performance.now() - thirdAt) / 1000)} after its start, ${formatBytes(sent() - sentForProof)} fetched.`,
  );
  await stop(third);
  await verifyAgain(destination);
  await store.close();

  const refetched = sent() - size;
  say("");
  say(
    `model      ${proof.totals.files} files, ${formatBytes(proof.totals.bytes)}, ${proof.totals.verifiedBySource} verified by the source's digests`,
  );
  say(
    `sent       ${formatBytes(sent())} by the server in all runs; ${formatBytes(Math.max(refetched, 0))} of them again, because they were in flight at the kill`,
  );
  say(`took       ${formatDuration((performance.now() - startedAt) / 1000)}`);
}

async function stop(agent: Agent): Promise<void> {
  const ended = once(agent.process, "exit");
  agent.process.kill("SIGTERM");
  const [code] = await ended;
  if (code !== 0) throw new Error(`the agent ended with exit code ${code}`);
}

async function verifyAgain(destination: string): Promise<void> {
  const child = spawn(process.execPath, [commandLine, "verify", "--quiet", destination], { stdio: "inherit" });
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`verify ended with exit code ${code}`);
  say("   `model-agent verify` has read every byte again: intact.");
}

/** Leaves nothing: no process, no file. */
function cleanUp(directory: string): void {
  region.clear();
  for (const child of running) child.kill("SIGKILL");
  rmSync(directory, { recursive: true, force: true });
}

const directory = await mkdtemp(join(tmpdir(), "model-agent-demo-"));
const giveUp = (reason: string): void => {
  cleanUp(directory);
  console.error(reason);
  process.exit(1);
};
process.once("SIGINT", () => giveUp("Stopped."));
const tooLong = setTimeout(() => giveUp(`The demo did not end within ${patienceMs / 1000} s.`), patienceMs);
try {
  const place = { directory, manifests: join(directory, "manifests"), root: join(directory, "models") };
  await mkdir(place.manifests);
  await demo(place);
} finally {
  clearTimeout(tooLong);
  cleanUp(directory);
}
