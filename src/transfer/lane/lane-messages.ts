import type { NetworkProfile } from "../../network/network-profile.ts";
import type { RangeDigests } from "../../storage/digest.ts";
import type { FileReadSource, RangeDigestHeaders } from "../../storage/read-source.ts";
import type { CrcAlgorithm } from "../digest/crc-combine.ts";
import type { SerialAlgorithm } from "../digest/serial-hash.ts";
import type { ReadFailure } from "../http/read-failure.ts";
import type { SyncedFile } from "../transfer-types.ts";

/** What a lane is told once, when it starts. Sizes in bytes, times in milliseconds. */
export interface LaneSettings {
  readonly bufferSize: number;
  /** Of a buffer when many connections share the memory. */
  readonly leanBufferSize: number;
  /** Buffers of all connections and of the re-order window together. */
  readonly bufferLimit: number;
  readonly stallTimeoutMs: number;
  readonly connectTimeoutMs: number;
  /** How often a lane reports what moved. */
  readonly tickMs: number;
  /** Permission bits of the files that a lane makes itself and then makes durable, too; undefined where that is left to others. */
  readonly fileMode: number | undefined;
  /** Files that are made durable at a time. */
  readonly parallelSyncs: number;
}

/** A stretch of a file whose serial digest is computed in order, possibly over several parts. */
export interface SpanSpec {
  readonly span: number;
  readonly start: number;
  readonly end: number;
  readonly algorithms: readonly SerialAlgorithm[];
}

/** Where the bytes of a part go. */
export type PartFile =
  | { readonly kind: "descriptor"; readonly fd: number; readonly path: string }
  /** Made by the lane with these permission bits, and closed when the part is done. */
  | { readonly kind: "create"; readonly path: string; readonly mode: number };

/** A range of one file, read by one lane. Half-open, in bytes of the file. */
export interface PartSpec {
  readonly part: number;
  readonly start: number;
  readonly end: number;
  /** Size of the whole object. */
  readonly size: number;
  readonly file: PartFile;
  readonly crc: CrcAlgorithm;
  /** CRCs are reported at every multiple of this and at the part's end. */
  readonly unitSize: number;
  /** Further offsets at which a CRC is reported, ascending. */
  readonly cuts: readonly number[];
  /** Every unit is a range whose digest its answer has to tell. */
  readonly proof?: RangeDigests | undefined;
  /** The serial spans that this part has bytes of, ascending. */
  readonly spans: readonly SpanSpec[];
  /** Where finished pieces are noted, and under which number of the file. */
  readonly journal: { readonly fd: number; readonly file: number } | undefined;
}

/** How one attempt reads. */
export type ReadOrder =
  | {
      readonly kind: "http";
      readonly url: string;
      readonly headers: Readonly<Record<string, string>>;
      /** Ask for a range; otherwise for the whole object. */
      readonly ranged: boolean;
      readonly ifMatch: string | undefined;
      readonly expectHeaders: Readonly<Record<string, string>> | undefined;
      /** Ask for one range of the part's {@link PartSpec.proof} after the other, and for its digest. */
      readonly rangeDigest?: RangeDigestHeaders | undefined;
    }
  | FileReadSource
  /** The bytes are in the staged file already: they are only looked at. */
  | { readonly kind: "staged" }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "stream"; open(offset: number, signal: AbortSignal): AsyncIterable<Uint8Array> };

/** How the lane gets a connection for HTTP reads. */
export interface Route {
  readonly network: NetworkProfile;
  /** Addresses to try in this order, when no proxy is in the way. */
  readonly addresses: readonly string[];
  /** Open a new connection even when an idle one is at hand. */
  readonly fresh: boolean;
}

/** One part with the attempt to make on it. `spec` is absent when the lane has the part already. */
export interface PartWork {
  readonly part: number;
  readonly spec: PartSpec | undefined;
  readonly read: ReadOrder;
  /** Milliseconds to wait for the answer's first byte. */
  readonly answerTimeoutMs: number;
}

/** Parts that one connection reads one after the other. */
export interface Run {
  readonly run: number;
  /** What shares a request budget and a cool-down with this run. */
  readonly scope: string;
  readonly route: Route | undefined;
  readonly works: readonly PartWork[];
}

/** Bytes that lie on disk, and what their CRC should be. */
export interface PieceOnDisk {
  readonly start: number;
  readonly end: number;
  readonly crc: string;
}

export type LaneCommand =
  | { readonly type: "run"; readonly run: Run }
  /** End the part earlier, or where it stands if that is already further; answered by `shrunk`. */
  | { readonly type: "shrink"; readonly part: number; readonly end: number }
  /** Finish the part that is being read and try no further one of the run. */
  | { readonly type: "hold"; readonly run: number }
  /** Forget parts and spans and what they hold; answered by `released`, after which nothing writes to them any more. */
  | {
      readonly type: "release";
      readonly release: number;
      readonly parts: readonly number[];
      readonly spans: readonly number[];
    }
  /** Read these pieces of a file and compare their CRCs; answered by `checked`. */
  | {
      readonly type: "check";
      readonly check: number;
      readonly fd: number;
      readonly algorithm: CrcAlgorithm;
      readonly pieces: readonly PieceOnDisk[];
    }
  /** Bytes per second for this lane; undefined for no limit. */
  | { readonly type: "rate"; readonly bytesPerSecond: number | undefined }
  /** Destroy every socket, then say `stopped`. */
  | { readonly type: "stop" };

export type LaneEvent =
  | {
      readonly type: "answer";
      readonly run: number;
      readonly part: number;
      readonly status: number;
      /** Its body is taken. */
      readonly accepted: boolean;
      readonly validator: string | undefined;
      /** Milliseconds from the request to the head of its answer. */
      readonly waitedMs: number;
    }
  | {
      readonly type: "piece";
      readonly part: number;
      readonly start: number;
      readonly end: number;
      readonly crc: string;
    }
  | {
      readonly type: "span";
      readonly span: number;
      readonly values: Readonly<Partial<Record<SerialAlgorithm, string>>>;
    }
  | { readonly type: "part-done"; readonly part: number; readonly run: number }
  /** The data of a staged file that the lane made is durable; what `fstat` says of it. Comes some time after its last part is done. */
  | ({ readonly type: "synced"; readonly path: string } & SyncedFile)
  | { readonly type: "unsynced"; readonly path: string; readonly failure: ReadFailure }
  | {
      readonly type: "part-failed";
      readonly part: number;
      readonly run: number;
      /** Where the next attempt continues. */
      readonly frontier: number;
      /** Bytes that this attempt added to the part. */
      readonly gained: number;
      readonly failure: ReadFailure;
    }
  /** This peer went silent while the run read from it. */
  | { readonly type: "silent"; readonly run: number; readonly address: string }
  /** Those of the pieces that are what they should be. */
  | { readonly type: "checked"; readonly check: number; readonly good: readonly PieceOnDisk[] }
  | { readonly type: "released"; readonly release: number }
  | { readonly type: "shrunk"; readonly part: number; readonly end: number }
  /** The run is over; `rest` are its parts that were never tried. */
  | { readonly type: "run-done"; readonly run: number; readonly rest: readonly number[] }
  | { readonly type: "address"; readonly run: number; readonly address: string; readonly connected: boolean }
  /** Bytes of a body came in, since the last such event of this part and run. */
  | { readonly type: "received"; readonly part: number; readonly run: number; readonly bytes: number }
  | {
      readonly type: "tick";
      /** Share of the time that the lane was busy, 0 to 1. */
      readonly utilization: number;
      /** Runs that wait for their turn: for the bytes before theirs, or for the bandwidth cap. */
      readonly paused: readonly number[];
    }
  | { readonly type: "stopped" };
