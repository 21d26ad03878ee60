import type { Digest, DigestAlgorithm, RangeAlgorithm, RangeDigests } from "../storage/digest.ts";
import type { ReadSource } from "../storage/read-source.ts";
import type { Pin } from "../storage/storage.ts";
import type { Clock, Random } from "../telemetry/clock.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { BandwidthCap } from "./policy/bandwidth-cap.ts";

/** One place a file can be read from. Several sources of one file hold the same bytes. */
export interface TransferSource {
  /** Short stable name for logs, metrics and the journal, such as `s3:eu-west-1`. No secrets. */
  readonly id: string;
  readonly provider: string;
  readonly region?: string | undefined;
  /** Bucket-like scope that shares a request budget and a cool-down; usually host plus bucket. */
  readonly scope: string;
  /** Redacted name of the object, for errors. */
  readonly target: string;
  /** The version at this source; ranges are read against it. */
  readonly pin: Pin;
  /**
   * A fresh signed read. Called again whenever the previous one expired, or was refused with 401 or 403 before it did: then
   * `refused` is the one that was, and the credentials behind it are to be renewed.
   */
  locate(options: {
    readonly signal?: AbortSignal | undefined;
    readonly refused?: ReadSource | undefined;
  }): Promise<ReadSource>;
  /** Present when the bytes cannot be located: the sequential fall-back, streaming from `offset`. */
  read?(options: { readonly offset: number; readonly signal?: AbortSignal | undefined }): AsyncIterable<Uint8Array>;
}

/** One file to bring to disk. */
export interface TransferFile {
  /** Path below the destination, separated by `/`, already proven safe by `store`'s path check. Unique per transfer. */
  readonly path: string;
  /** Bytes, a whole number >= 0. */
  readonly size: number;
  /** Everything the source offers as proof, strongest first; the engine picks by {@link chooseDigestPlan}. */
  readonly digests: readonly Digest[];
  /** What the sources can tell with the bytes instead, best first. */
  readonly rangeDigests?: readonly RangeDigests[] | undefined;
  /** Lower goes first; equal priorities go small files first. */
  readonly priority: number;
  /** At least one; in order of preference. */
  readonly sources: readonly [TransferSource, ...TransferSource[]];
}

/** CRCs of the units of a finished file: the own proof that scrubbing, peers and resuming use. */
export interface UnitDigests {
  readonly algorithm: "crc32" | "crc32c" | "crc64nvme";
  /** Bytes of every unit but the last. */
  readonly unitSize: number;
  /** Lower-case hexadecimal, one per unit, in order. Empty for an empty file. */
  readonly values: readonly string[];
}

/** How strongly a file was proven: by a digest of the source, or by its size alone ("not verified by source"). */
export type Verification =
  | {
      readonly by: "source";
      readonly algorithm: DigestAlgorithm;
      readonly kind: "full" | "composite";
      readonly value: string;
    }
  /** Every range had the digest that the source told with it; the whole was compared with nothing. */
  | {
      readonly by: "source";
      readonly algorithm: RangeAlgorithm;
      readonly kind: "ranges";
      /** In bytes. */
      readonly rangeSize: number;
    }
  | { readonly by: "size" };

/** A file that is whole in staging. */
export interface TransferredFile {
  readonly path: string;
  readonly size: number;
  readonly verification: Verification;
  readonly units: UnitDigests;
  /** Whole-file checksum in `units.algorithm`, combined from the units; lower-case hexadecimal. */
  readonly checksum: string;
  /** Serial digests that were computed on the way, such as a sha256 that the source offered. */
  readonly digests: Readonly<Partial<Record<DigestAlgorithm, string>>>;
  /** Bytes taken over from an earlier, interrupted transfer. */
  readonly resumedBytes: number;
  /** Bytes received in this transfer, refetched ones included. */
  readonly fetchedBytes: number;
  /** Ids of the sources that delivered bytes. */
  readonly sources: readonly string[];
  /** Its data is durable and it has {@link TransferTarget.fileMode} already: what `fstat` says of it. Absent when the target has to see to it. */
  readonly synced?: SyncedFile | undefined;
}

/** A staged file whose data is durable. */
export interface SyncedFile {
  /** Modification time in nanoseconds since the epoch, in decimal digits. */
  readonly mtimeNs: string;
  /** Inode number in decimal digits. */
  readonly inode: string;
  /** Its first 256 bytes, one character each (latin1): whoever looks at the beginnings of thousands of files need not open them. */
  readonly head: string;
}

/**
 * Where staged files lie and what happens when one is whole. Implemented by `store`; the engine itself only ever writes
 * to staging paths.
 */
export interface TransferTarget {
  /** Directory on the destination's own file system that holds staged files and the journal. Exists when a transfer starts. */
  readonly stagingDirectory: string;
  /** Permission bits of a published file, for those files that the engine makes durable itself; without it, the target does so with every file. */
  readonly fileMode?: number | undefined;
  /** Free bytes for new data, or undefined where the file system does not tell. */
  freeBytes(): Promise<number | undefined>;
  /**
   * Takes a whole, verified staged file: data fsync unless it is `synced` already, rename to its final name, directory fsync.
   * Called once per file; calls may overlap. Throws `no_space` or an I/O error, which fails that file.
   */
  publish(stagedPath: string, file: TransferredFile): Promise<void>;
}

/** Bytes and files that moved, for progress; emitted at most every 100 ms and once at the end. */
export interface TransferProgress {
  readonly completedBytes: number;
  readonly fetchedBytes: number;
  readonly resumedBytes: number;
  readonly completedFiles: number;
  readonly bytesPerSecond: number;
  readonly activeFiles: readonly { readonly path: string; readonly size: number; readonly completedBytes: number }[];
}

/** Things worth counting that happened under way; the agent turns them into metrics, the command line into log lines. */
export type TransferEvent =
  | { readonly type: "request"; readonly source: string; readonly status: number }
  | {
      readonly type: "retry";
      readonly source: string;
      readonly path: string;
      readonly code: string;
      readonly delayMs: number;
    }
  | { readonly type: "stall"; readonly source: string; readonly path: string }
  | { readonly type: "hedge"; readonly source: string; readonly path: string }
  | { readonly type: "cool-down"; readonly source: string; readonly scope: string; readonly delayMs: number }
  | { readonly type: "relocate"; readonly source: string; readonly path: string }
  | { readonly type: "restart"; readonly path: string; readonly reason: string }
  | { readonly type: "bytes"; readonly source: string; readonly bytes: number };

export interface TransferOptions {
  readonly target: TransferTarget;
  /** Connections per host at most; adapts from 8 upwards by default. 1..256. */
  readonly maxConnections?: number | undefined;
  /** Bytes per second over all connections; unlimited when undefined. */
  readonly maxBandwidth?: number | undefined;
  /** A cap that this transfer shares with others; stands above `maxBandwidth`. */
  readonly bandwidth?: BandwidthCap | undefined;
  /** Worker threads; one per core up to a cap when undefined. */
  readonly lanes?: number | undefined;
  /** Attempts per part without any progress in between before the file fails, the first included. Default 8. */
  readonly maxAttempts?: number | undefined;
  /** Milliseconds without a byte before a connection is replaced. Default 3000. */
  readonly stallTimeoutMs?: number | undefined;
  /** Milliseconds to wait for a connection. Default 3000. */
  readonly connectTimeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /**
   * Asks the source once more for a file's digests, when an inferred one did not match. What it returns replaces the file's
   * digests. Without it, an inferred digest that does not match is an error like any other.
   */
  readonly confirmDigests?: ((file: TransferFile) => Promise<readonly Digest[]>) | undefined;
  /** Addresses of a host name; the system's resolver by default. */
  readonly resolveHost?: ((host: string) => Promise<readonly string[]>) | undefined;
  readonly onProgress?: ((progress: TransferProgress) => void) | undefined;
  readonly onEvent?: ((event: TransferEvent) => void) | undefined;
  readonly logger?: Logger | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
}

export interface TransferResult {
  readonly files: readonly TransferredFile[];
  readonly fetchedBytes: number;
  readonly resumedBytes: number;
  readonly durationMs: number;
}
