import { randomBytes } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import type { Clock } from "../../telemetry/clock.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { AgentStatus } from "./agent-status.ts";

/** Keeps a file equal to the status. */
export interface StatusFile {
  /** Something changed: the file follows within a second. */
  touch(): void;
  /** Resolves when what has changed so far is in the file. */
  flush(): Promise<void>;
  /** Writes what is pending. */
  close(): Promise<void>;
}

export interface StatusFileOptions {
  readonly path: string;
  readonly snapshot: () => AgentStatus;
  readonly clock: Clock;
  readonly logger: Logger;
}

const shortestPauseMs = 1_000;
/** Without any change the file is still written this often, so that its age tells whether the agent lives. */
const heartbeatMs = 15_000;

/**
 * Writes by rename, so that a reader never sees half a file, under names that nobody can have put a link in place of. No fsync: after a crash of the machine the agent finds the truth
 * in the proofs. A file that cannot be written, as on a read-only root, costs one warning and nothing else.
 */
export function createStatusFile(options: StatusFileOptions): StatusFile {
  const { path, clock, logger } = options;
  const stop = new AbortController();
  let dirty = true;
  let ring: () => void = () => {};
  let complained = false;
  let last = Promise.resolve();
  let next: Promise<void> | undefined;
  const writeNow = async (): Promise<void> => {
    next = undefined;
    dirty = false;
    const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(temporary, `${JSON.stringify(options.snapshot(), undefined, 2)}\n`, { flag: "wx" });
      await rename(temporary, path);
      complained = false;
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {});
      if (!complained) logger.warn({ path, err: error }, "the status file cannot be written");
      complained = true;
    }
  };
  /** Whoever asks while a write runs shares the one after it, because the running one may have begun too early. */
  const write = (): Promise<void> => {
    if (next === undefined) {
      next = last.then(writeNow);
      last = next;
    }
    return next;
  };
  const run = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      await write();
      await clock.sleep(shortestPauseMs, stop.signal);
      const changed = new Promise<void>((resolve) => {
        ring = resolve;
        if (dirty) resolve();
      });
      const wait = new AbortController();
      await Promise.race([
        changed,
        clock.sleep(heartbeatMs - shortestPauseMs, AbortSignal.any([stop.signal, wait.signal])),
      ]);
      wait.abort();
    }
  };
  const running = run().catch(() => {});
  return {
    touch: () => {
      dirty = true;
      ring();
    },
    flush: write,
    close: async () => {
      stop.abort();
      await running;
      await write();
    },
  };
}

const statusSchema = z.looseObject({
  format: z.literal("model-agent-status"),
  version: z.literal(1),
  agent: z.looseObject({ heartbeatAt: z.string(), modelsRoot: z.string(), stopped: z.boolean() }),
  models: z.array(
    z.looseObject({
      key: z.string(),
      identity: z.object({ kind: z.enum(["BaseModel", "ClusterBaseModel"]), namespace: z.string(), name: z.string() }),
      state: z.enum(["Ready", "Updating", "Failed"]),
      reason: z.string(),
      message: z.string(),
      storageUri: z.string(),
      path: z.string(),
      origin: z.string(),
      keepFiles: z.boolean(),
      managed: z.boolean(),
      formerPath: z.string().optional(),
    }),
  ),
});

/** Undefined for text that is no status of this version. */
export function parseStatus(text: string): AgentStatus | undefined {
  try {
    return statusSchema.parse(JSON.parse(text)) as unknown as AgentStatus;
  } catch {
    return undefined;
  }
}

/** The status that an agent wrote, or undefined when there is none that can be read. */
export async function readStatusFile(path: string): Promise<AgentStatus | undefined> {
  try {
    return parseStatus(await readFile(path, "utf8"));
  } catch {
    return undefined;
  }
}
