import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { manifestFolder, parseManifestFile, runAgent, secretFolder } from "../../src/agent/index.ts";
import type { AgentStatus } from "../../src/agent/status/agent-status.ts";
import type { ModelStatus } from "../../src/agent/status/model-status.ts";
import { systemClock } from "../../src/telemetry/clock.ts";
import { silentLogger } from "../../src/telemetry/logger.ts";
import { createRedactor } from "../../src/telemetry/redactor.ts";
import { generatedModel } from "../../src/testing/content/index.ts";
import { type FakeS3, startFakeS3 } from "../../src/testing/fake-s3/index.ts";

const credential = { accessKeyId: "AKIATESTTESTTESTTEST", secretAccessKey: "secret-of-the-tests" };

export interface HouseOptions {
  readonly shards?: number | undefined;
  readonly shardSize?: number | undefined;
}

/** A fake S3 with one model, a folder of manifests and a models root. */
export interface House {
  readonly s3: FakeS3;
  readonly directory: string;
  readonly manifests: string;
  readonly root: string;
  readonly env: Readonly<Record<string, string>>;
  readonly modelBytes: number;
  readonly modelFiles: number;
  /** Writes `<name>.yaml` for a ClusterBaseModel; fields of `storage` in YAML flow form. */
  wish(name: string, storage?: string, more?: string): Promise<void>;
  unwish(name: string): Promise<void>;
  /** Runs before the house is torn down; the last one first. */
  atEnd(end: () => unknown): void;
}

export async function agentHouse(
  t: TestContext,
  { shards = 2, shardSize = 300_000 }: HouseOptions = {},
): Promise<House> {
  const directory = await mkdtemp(join(tmpdir(), "agent-"));
  const [manifests, root] = [join(directory, "manifests"), join(directory, "models")];
  await mkdir(manifests);
  const s3 = await startFakeS3({ buckets: ["models"], credentials: [credential] });
  const endings: (() => unknown)[] = [];
  t.after(async () => {
    for (const end of endings.reverse()) await end();
    await s3.close();
    await rm(directory, { recursive: true, force: true });
  });
  const model = Object.entries(generatedModel({ seed: 3, shards, shardSize }));
  for (const [name, content] of model) await s3.putObject("models", `llama/${name}`, content);
  return {
    s3,
    directory,
    manifests,
    root,
    env: { AWS_ACCESS_KEY_ID: credential.accessKeyId, AWS_SECRET_ACCESS_KEY: credential.secretAccessKey },
    modelBytes: model.reduce((sum, [, content]) => sum + content.size, 0),
    modelFiles: model.length,
    wish: (name, storage = "", more = "") =>
      writeFile(
        join(manifests, `${name}.yaml`),
        `apiVersion: ome.io/v1beta1
kind: ClusterBaseModel
metadata: { name: ${name}${more} }
spec:
  storage:
    { storageUri: "s3://models/llama", path: "${join(root, name)}", parameters: { endpoint: "${s3.url}", region: us-east-1 }${storage} }
`,
      ),
    atEnd: (end) => endings.push(end),
    unwish: (name) => rm(join(manifests, `${name}.yaml`)),
  };
}

export interface RunningAgent {
  status(): Promise<AgentStatus>;
  get(path: string): Promise<{ readonly status: number; readonly body: string }>;
  /** Waits until the model is as told; fails after half a minute. */
  until(name: string, matches: (model: ModelStatus | undefined) => boolean): Promise<ModelStatus | undefined>;
  ready(name: string): Promise<ModelStatus>;
  stop(): Promise<void>;
  readonly ended: Promise<void>;
}

export interface AgentTimes {
  readonly checkIntervalMs?: number | undefined;
  readonly scrubIntervalMs?: number | undefined;
  readonly maxBandwidth?: number | undefined;
  readonly maxConnections?: number | undefined;
}

/** Runs the agent in this process until the test ends or it is stopped. */
export async function startAgent(house: House, times: AgentTimes = {}): Promise<RunningAgent> {
  const abort = new AbortController();
  const running = Promise.withResolvers<number>();
  const logger = {
    ...silentLogger,
    info: (fields: Readonly<Record<string, unknown>>, message: string) => {
      if (message === "the agent is running") running.resolve(Number(fields["port"]));
    },
    child: () => silentLogger,
  };
  const ended = runAgent(
    {
      version: "1.2.3",
      modelsRoot: house.root,
      allowedPaths: [],
      source: manifestFolder({
        directory: house.manifests,
        parse: parseManifestFile,
        rescanMs: 1000,
        clock: systemClock,
        logger,
      }),
      secrets: secretFolder(undefined),
      publishers: [],
      host: "127.0.0.1",
      port: 0,
      workers: 2,
      tuning: { maxBandwidth: times.maxBandwidth, maxConnections: times.maxConnections },
      noProgressMs: 60_000,
      downloadTimeoutMs: undefined,
      checkIntervalMs: times.checkIntervalMs ?? 3_600_000,
      scrubIntervalMs: times.scrubIntervalMs ?? 3_600_000,
      scrubBytesPerSecond: 1e9,
      instance: undefined,
      redactor: createRedactor(),
      env: house.env,
      clock: systemClock,
      random: Math.random,
      logger,
    },
    abort.signal,
  );
  ended.catch(running.reject);
  const port = await running.promise;
  const stop = async (): Promise<void> => {
    abort.abort();
    await ended;
  };
  house.atEnd(() => stop().catch(() => {}));
  return { ...agentClient(port), stop, ended };
}

/** What a test asks an agent on this port. */
export function agentClient(port: number): Omit<RunningAgent, "stop" | "ended"> {
  const get = async (path: string): Promise<{ readonly status: number; readonly body: string }> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    return { status: response.status, body: await response.text() };
  };
  const status = async (): Promise<AgentStatus> => JSON.parse((await get("/status")).body);
  const until: RunningAgent["until"] = async (name, matches) => {
    let model: ModelStatus | undefined;
    for (const startedAt = performance.now(); performance.now() - startedAt < 30_000; await sleep(20)) {
      model = (await status()).models.find(({ identity }) => identity.name === name);
      if (matches(model)) return model;
    }
    throw new Error(`${name} is not as expected: ${JSON.stringify(model)}`);
  };
  return {
    get,
    status,
    until,
    ready: async (name) => {
      const model = await until(name, (found) => found?.state === "Ready");
      if (model === undefined) throw new Error(`${name} is gone`);
      return model;
    },
  };
}
