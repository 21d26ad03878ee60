import { z } from "zod";
import { type FileSystem, isMissing } from "./file-system.ts";
import type { ProcessIdentity } from "./process-identity.ts";

/** Who holds a lease, as the file says. */
export interface LeaseOwner extends ProcessIdentity {
  /** Random, one per acquisition. */
  readonly token: string;
  /** What the holder does, as a noun phrase for messages: `download`, `agent`. */
  readonly purpose: string;
  /** Names the one process at a time that an orchestrator runs, such as a pod's uid; empty when there is none. */
  readonly instance: string;
  /** Epoch milliseconds. */
  readonly acquiredAt: number;
}

/** A lease file as found. */
export interface FoundLease {
  /** Undefined while the file is half written or damaged. */
  readonly owner: LeaseOwner | undefined;
  /** Epoch milliseconds of the last heartbeat: the file's modification time. */
  readonly heartbeatAt: number;
}

const ownerSchema = z.object({
  pid: z.int().positive(),
  host: z.string(),
  bootId: z.string(),
  pidNamespace: z.string(),
  startTime: z.string(),
  token: z.string().min(1),
  purpose: z.string(),
  instance: z.string(),
  acquiredAt: z.number(),
});

const fileSchema = z.object({ format: z.literal("model-agent-lease"), version: z.literal(1), owner: ownerSchema });

export function formatLease(owner: LeaseOwner): string {
  return `${JSON.stringify({ format: "model-agent-lease", version: 1, owner })}\n`;
}

/** Reads the lease file at a path; undefined when there is none. */
export async function readLeaseFile(fileSystem: FileSystem, path: string): Promise<FoundLease | undefined> {
  try {
    const handle = await fileSystem.open(path, "r");
    try {
      const { mtimeMs } = await handle.stat();
      return { owner: parseOwner(await handle.readFile("utf8")), heartbeatAt: mtimeMs };
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function parseOwner(text: string): LeaseOwner | undefined {
  try {
    return fileSchema.parse(JSON.parse(text)).owner;
  } catch {
    return undefined;
  }
}
