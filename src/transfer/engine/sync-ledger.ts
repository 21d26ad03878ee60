import { StorageError } from "../../errors.ts";
import type { LaneEvent } from "../lane/lane-messages.ts";
import type { SyncedFile } from "../transfer-types.ts";

type SyncEvent = Extract<LaneEvent, { type: "synced" | "unsynced" }>;

/** Which of the files that lanes made are durable: whoever publishes one waits for it here. */
export class SyncLedger {
  readonly #settled = new Map<string, SyncEvent>();
  readonly #waiting = new Map<string, (event: SyncEvent | undefined) => void>();
  #closed = false;

  /** A lane tells of a staged file. */
  settle(event: SyncEvent): void {
    const waiting = this.#waiting.get(event.path);
    this.#waiting.delete(event.path);
    if (waiting === undefined) this.#settled.set(event.path, event);
    else waiting(event);
  }

  /** Resolves once the staged file's data is durable. Throws the disk's StorageError, and `cancelled` when the lanes end before. */
  async synced(path: string): Promise<SyncedFile> {
    const event = this.#settled.get(path) ?? (await this.#later(path));
    this.#settled.delete(path);
    if (event === undefined) {
      throw new StorageError({
        code: "cancelled",
        operation: "publish",
        target: path,
        detail: "the transfer ended before the file was durable",
        hint: "Run it again to continue.",
      });
    }
    if (event.type === "synced") return { mtimeNs: event.mtimeNs, inode: event.inode, head: event.head };
    const { error } = event.failure;
    throw error === undefined ? new TypeError(event.failure.detail) : new StorageError(error);
  }

  #later(path: string): Promise<SyncEvent | undefined> {
    if (this.#closed) return Promise.resolve(undefined);
    return new Promise((resolve) => this.#waiting.set(path, resolve));
  }

  /** The lanes have ended: nobody waits any longer. */
  close(): void {
    this.#closed = true;
    for (const resolve of this.#waiting.values()) resolve(undefined);
    this.#waiting.clear();
  }
}
