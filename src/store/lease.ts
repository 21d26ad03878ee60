import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { StorageError, toStorageError } from "../errors.ts";
import { type Clock, systemClock } from "../telemetry/clock.ts";
import { makeMetadata } from "./destination-tree.ts";
import { diskError } from "./disk-error.ts";
import { type FileSystem, isMissing, nodeFileSystem, systemErrorCode } from "./file-system.ts";
import { layoutOf } from "./layout.ts";
import { type FoundLease, formatLease, type LeaseOwner, readLeaseFile } from "./lease-file.ts";
import { livenessOf, ownIdentity, type ProcessIdentity } from "./process-identity.ts";

const heartbeatMs = 5_000;
const expiryMs = 30_000;
const pollMs = 500;
const takeoverPollMs = 20;
/** File systems without hard links; they are given the file in two steps, and readers expect a half-written one. */
const cannotLink: ReadonlySet<string | undefined> = new Set(["EPERM", "ENOSYS", "ENOTSUP", "EOPNOTSUPP", "EMLINK"]);

export interface LeaseOptions {
  /** Absolute path of a destination or of a models root; made when it does not exist. */
  readonly directory: string;
  /** What the holder is about to do, as a noun phrase: `download`, `agent`, `removal`. */
  readonly purpose: string;
  /**
   * Names the one process at a time that an orchestrator runs here, such as a pod's uid. A lease left behind by an
   * earlier life of the same instance is taken over at once instead of after its heartbeat expired.
   */
  readonly instance?: string | undefined;
  /** Wait for the holder to finish instead of failing. */
  readonly wait?: boolean | undefined;
  /** Called once when the wait begins. */
  readonly onWait?: ((holder: LeaseOwner | undefined) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly clock?: Clock | undefined;
  readonly fileSystem?: FileSystem | undefined;
  /** Who this process is; found out when absent. */
  readonly identity?: ProcessIdentity | undefined;
}

/** The right to write below a directory, kept alive by a heartbeat until it is released. */
export interface Lease {
  /** Random and unique: good as a name that no other writer uses. */
  readonly token: string;
  /** Someone else held it when it was asked for, so what was read of the directory before is out of date. */
  readonly waited: boolean;
  /** Aborts with a StorageError when another process took the lease over. */
  readonly lost: AbortSignal;
  /** Throws when the lease is no longer ours. */
  assertHeld(): Promise<void>;
  /** Gives it back. Never throws; repeated calls do nothing. */
  release(): Promise<void>;
}

/** Who holds the lease of a directory; undefined when nobody does or its file cannot be read. */
export async function readLeaseOwner(
  directory: string,
  fileSystem: FileSystem = nodeFileSystem,
): Promise<LeaseOwner | undefined> {
  return (await readLeaseFile(fileSystem, layoutOf(directory).lease))?.owner;
}

/**
 * Makes this process the only writer of a directory. A lease whose owner is dead, or silent for 30 seconds where it
 * cannot be asked, is taken over. Saves work, not correctness: staged names are published by rename and every batch asks
 * again whether the lease is held. Throws `unavailable` naming the holder, or `cancelled` while waiting.
 */
export async function acquireLease(options: LeaseOptions): Promise<Lease> {
  const { directory, signal, clock = systemClock, fileSystem = nodeFileSystem } = options;
  const layout = layoutOf(directory);
  const owner: LeaseOwner = {
    ...(options.identity ?? ownIdentity()),
    token: randomBytes(16).toString("hex"),
    purpose: options.purpose,
    instance: options.instance ?? "",
    acquiredAt: clock.now(),
  };
  let waited = false;
  for (;;) {
    if (signal?.aborted) throw toStorageError(signal.reason, "wait for the lease of", directory);
    await makeMetadata(fileSystem, layout.metadata);
    if (await create(fileSystem, layout.lease, owner, clock.now())) {
      await sweep(fileSystem, layout.metadata);
      return hold({ ...options, clock, fileSystem }, owner, waited);
    }
    const found = await readLeaseFile(fileSystem, layout.lease);
    if (found === undefined) continue;
    if (isAbandoned(found, owner, clock.now())) {
      await takeAway(fileSystem, layout.lease, owner, clock);
      waited = true;
      continue;
    }
    if (options.wait !== true) throw heldError(directory, found);
    if (!waited) options.onWait?.(found.owner);
    waited = true;
    try {
      await clock.sleep(pollMs, signal);
    } catch (error) {
      throw toStorageError(error, "wait for the lease of", directory);
    }
  }
}

/** Makes the file with its content in one step, by a link to a file of its own name. False when it is there already. */
async function create(fileSystem: FileSystem, path: string, owner: LeaseOwner, now: number): Promise<boolean> {
  const own = `${path}.${owner.token}`;
  try {
    await writeNew(fileSystem, own, owner, now);
    try {
      await fileSystem.link(own, path);
    } catch (error) {
      if (!cannotLink.has(systemErrorCode(error))) throw error;
      await writeNew(fileSystem, path, owner, now);
    }
    return true;
  } catch (error) {
    if (systemErrorCode(error) === "EEXIST" || isMissing(error)) return false;
    throw diskError(error, "take the lease", path);
  } finally {
    await fileSystem.rm(own, { force: true });
  }
}

/** Removes what killed processes left half made. A contender whose file goes with them tries again. */
async function sweep(fileSystem: FileSystem, metadata: string): Promise<void> {
  for (const name of await fileSystem.readdir(metadata).catch(() => [])) {
    if (name.startsWith("lease.json.") || name.endsWith(".tmp")) {
      await fileSystem.rm(join(metadata, name), { force: true }).catch(() => undefined);
    }
  }
}

async function writeNew(fileSystem: FileSystem, path: string, owner: LeaseOwner, now: number): Promise<void> {
  const handle = await fileSystem.open(path, "wx", 0o644);
  try {
    await handle.writeFile(formatLease(owner));
    await handle.utimes(now / 1000, now / 1000);
  } finally {
    await handle.close();
  }
}

function isAbandoned({ owner, heartbeatAt }: FoundLease, own: LeaseOwner, now: number): boolean {
  const expired = now - heartbeatAt > expiryMs;
  if (owner === undefined) return expired;
  const liveness = livenessOf(owner, own);
  if (liveness !== "unknown") return liveness === "dead";
  return expired || (own.instance !== "" && owner.instance === own.instance);
}

/**
 * Removes an abandoned lease, under a lock of its own: a contender that judged the old lease must not remove the fresh one
 * of a faster contender. A lock whose owner died in between is broken after the same 30 seconds.
 */
async function takeAway(fileSystem: FileSystem, path: string, own: LeaseOwner, clock: Clock): Promise<void> {
  const lock = `${path}.takeover`;
  if (!(await create(fileSystem, lock, own, clock.now()))) {
    const found = await readLeaseFile(fileSystem, lock);
    if (found !== undefined && clock.now() - found.heartbeatAt > expiryMs) await fileSystem.rm(lock, { force: true });
    await clock.sleep(takeoverPollMs);
    return;
  }
  try {
    const found = await readLeaseFile(fileSystem, path);
    if (found !== undefined && isAbandoned(found, own, clock.now())) await fileSystem.rm(path, { force: true });
  } finally {
    await fileSystem.rm(lock, { force: true });
  }
}

function hold(
  { directory, clock, fileSystem }: LeaseOptions & { readonly clock: Clock; readonly fileSystem: FileSystem },
  owner: LeaseOwner,
  waited: boolean,
): Lease {
  const { lease: path, metadata } = layoutOf(directory);
  const lost = new AbortController();
  const stop = new AbortController();
  let seenAt = clock.monotonic();

  const check = async (): Promise<void> => {
    const found = await readLeaseFile(fileSystem, path);
    if (found?.owner?.token === owner.token) {
      seenAt = clock.monotonic();
      return;
    }
    lost.abort(lostError(directory, found));
  };
  const beat = async (): Promise<void> => {
    try {
      await check();
      const now = clock.now() / 1000;
      if (!lost.signal.aborted) await fileSystem.utimes(path, now, now);
    } catch {
      if (clock.monotonic() - seenAt > expiryMs) lost.abort(lostError(directory, undefined));
    }
  };
  const heartbeat = (async (): Promise<void> => {
    while (!lost.signal.aborted) {
      try {
        await clock.sleep(heartbeatMs, stop.signal);
      } catch {
        return;
      }
      await beat();
    }
  })();

  const release = async (): Promise<void> => {
    if (stop.signal.aborted) return;
    stop.abort();
    await heartbeat;
    try {
      const found = await readLeaseFile(fileSystem, path);
      if (found?.owner?.token !== owner.token) return;
      await fileSystem.unlink(path);
      await fileSystem.rmdir(metadata);
    } catch {
      // What could not be removed is taken over by the next writer, and a metadata directory in use stays.
    }
  };

  return {
    token: owner.token,
    waited,
    lost: lost.signal,
    assertHeld: async () => {
      if (!lost.signal.aborted && !stop.signal.aborted) await check();
      lost.signal.throwIfAborted();
    },
    release,
  };
}

function describeHolder(owner: LeaseOwner | undefined): string {
  if (owner === undefined) return "another process";
  return `another ${owner.purpose} (process ${owner.pid} on ${owner.host}, since ${new Date(owner.acquiredAt).toISOString()})`;
}

function heldError(directory: string, found: FoundLease): StorageError {
  return new StorageError({
    code: "unavailable",
    operation: "take the lease of",
    target: directory,
    detail: `it is held by ${describeHolder(found.owner)}`,
    hint: "Wait for it to finish, or stop it; a holder that died is replaced within 30 seconds.",
  });
}

function lostError(directory: string, found: FoundLease | undefined): StorageError {
  return new StorageError({
    code: "unavailable",
    operation: "keep the lease of",
    target: directory,
    detail: found === undefined ? "it was removed" : `it was taken over by ${describeHolder(found.owner)}`,
    hint: "Let one process at a time write there, then run it again to continue.",
  });
}
