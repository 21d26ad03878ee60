import { closeSync, constants, openSync, readSync, rmSync, writeSync } from "node:fs";
import type { Crc } from "../digest/running-crc.ts";
import { ReadFailureError } from "../http/read-failure.ts";
import { diskFailure } from "./disk-failure.ts";
import type { PartSpec } from "./lane-messages.ts";
import type { SerialSpan } from "./serial-span.ts";

/** What became of delivered bytes. */
export interface Acceptance {
  /** The buffer is held for a serial digest and must not be reused. */
  readonly kept: boolean;
  /** The part has all its bytes. */
  readonly complete: boolean;
}

/** A finished stretch of the part. */
export interface Piece {
  readonly start: number;
  readonly end: number;
  readonly crc: string;
}

/** Flags under which staged files are made: never over an existing file, never through a symbolic link. */
export const createFlags = constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW | constants.O_RDWR;

const headBytes = 256;

/**
 * Takes the bytes of one part, in order, from whichever connection has them first: writes them at their offset, runs the
 * CRC and the serial digests. Several connections may deliver at the same time; each byte is taken once.
 */
export class PartSink {
  readonly spec: PartSpec;
  /** The first bytes of a file that this part opened itself, one character each. */
  head = "";
  readonly #crc: Crc;
  readonly #spans: readonly SerialSpan[];
  readonly #onPiece: (piece: Piece) => void;
  #fd: number | undefined;
  #end: number;
  #frontier: number;
  #pieceStart: number;
  /** A piece was refused: whoever reads beside its reader is ahead now, through no fault of its own. */
  #setBack = false;
  #nextCut: number;

  constructor(spec: PartSpec, crc: Crc, spans: readonly SerialSpan[], onPiece: (piece: Piece) => void) {
    this.spec = spec;
    this.#crc = crc;
    this.#spans = spans;
    this.#onPiece = onPiece;
    this.#fd = spec.file.kind === "descriptor" ? spec.file.fd : undefined;
    this.#end = spec.end;
    this.#frontier = spec.start;
    this.#pieceStart = spec.start;
    this.#nextCut = this.#cutAfter(spec.start);
  }

  /** Every byte of the part before this offset is written. */
  get frontier(): number {
    return this.#frontier;
  }

  get end(): number {
    return this.#end;
  }

  get complete(): boolean {
    return this.#frontier >= this.#end;
  }

  /** True while bytes of this part would have to be held because earlier ones of its span are missing. */
  get ahead(): boolean {
    return this.#spans.some((span) => span.frontier < this.#frontier && this.#frontier < span.spec.end);
  }

  /** Takes `buffer[from, to)`, which lies at `position` of the file. Throws {@link ReadFailureError} when the disk refuses. */
  accept(position: number, buffer: Uint8Array, from: number, to: number): Acceptance {
    if (position > this.#frontier) {
      throw new ReadFailureError({
        kind: this.#setBack ? "digest" : "read",
        detail: `bytes of offset ${position} came before those of ${this.#frontier}`,
      });
    }
    const begin = from + Math.max(0, this.#frontier - position);
    const stop = Math.min(to, from + this.#end - position);
    if (begin >= stop) return { kept: false, complete: this.complete };
    this.#write(buffer, begin, stop);
    return this.#take(buffer, begin, stop);
  }

  /** Reads what lies on disk already into `buffer` and takes it like delivered bytes. Throws {@link ReadFailureError}. */
  reread(buffer: Uint8Array): Acceptance {
    const wanted = Math.min(buffer.length, this.#end - this.#frontier);
    const count = this.#readBack(buffer, wanted);
    if (count < wanted)
      throw new ReadFailureError({ kind: "digest", detail: "the staged file is shorter than it was" });
    return this.#take(buffer, 0, count);
  }

  #readBack(buffer: Uint8Array, wanted: number): number {
    try {
      return this.#fd === undefined ? 0 : readSync(this.#fd, buffer, 0, wanted, this.#frontier);
    } catch (error) {
      throw diskFailure(error, this.spec.file.path);
    }
  }

  #take(buffer: Uint8Array, begin: number, stop: number): Acceptance {
    let kept = false;
    if (this.spec.file.kind === "create" && this.#frontier < headBytes) this.#noteHead(buffer, begin, stop);
    for (let at = begin; at < stop; ) {
      const until = Math.min(stop, at + this.#nextCut - this.#frontier);
      this.#crc.update(buffer.subarray(at, until));
      if (this.#feedSpans(buffer, at, until)) kept = true;
      this.#frontier += until - at;
      at = until;
      if (this.#frontier === this.#nextCut) this.#cut();
    }
    return { kept, complete: this.complete };
  }

  #noteHead(buffer: Uint8Array, from: number, to: number): void {
    const { buffer: memory, byteOffset } = buffer;
    const more = Math.min(to - from, headBytes - this.head.length);
    this.head += Buffer.from(memory, byteOffset + from, more).toString("latin1");
  }

  #write(buffer: Uint8Array, from: number, to: number): void {
    try {
      this.#fd ??= this.#create();
      for (let at = from; at < to; ) {
        at += writeSync(this.#fd, buffer, at, to - at, this.#frontier + at - from);
      }
    } catch (error) {
      throw diskFailure(error, this.spec.file.path);
    }
  }

  #create(): number {
    const { file } = this.spec;
    if (file.kind !== "create") throw new TypeError("the part has no path");
    return openSync(file.path, createFlags, file.mode);
  }

  #feedSpans(buffer: Uint8Array, from: number, to: number): boolean {
    let kept = false;
    const position = this.#frontier;
    for (const span of this.#spans) {
      const start = Math.max(position, span.spec.start);
      const end = Math.min(position + to - from, span.spec.end);
      if (start < end && span.accept(start, buffer, from + start - position, from + end - position)) kept = true;
    }
    return kept;
  }

  #cutAfter(offset: number): number {
    const { unitSize, cuts } = this.spec;
    const regular = (Math.floor(offset / unitSize) + 1) * unitSize;
    const listed = cuts.find((cut) => cut > offset) ?? Number.POSITIVE_INFINITY;
    return Math.min(regular, listed, this.#end);
  }

  #cut(): void {
    this.#onPiece({ start: this.#pieceStart, end: this.#frontier, crc: this.#takeCrc() });
    this.#pieceStart = this.#frontier;
    this.#nextCut = this.#cutAfter(this.#frontier);
  }

  #takeCrc(): string {
    try {
      return this.#crc.take();
    } catch (error) {
      // The piece is not what it should be: it is read again from its first byte.
      this.#setBack = true;
      this.#frontier = this.#pieceStart;
      this.#nextCut = this.#cutAfter(this.#frontier);
      throw error;
    }
  }

  /**
   * Ends the part at `end`, or where it stands when that is further already: what is there then is a piece. Returns the new
   * end.
   */
  shrink(end: number): number {
    this.#end = Math.min(this.#end, Math.max(end, this.#frontier));
    if (this.#frontier === this.#end && this.#pieceStart < this.#frontier) this.#cut();
    else this.#nextCut = this.#cutAfter(this.#frontier);
    return this.#end;
  }

  /**
   * Closes what this part opened itself. Throws {@link ReadFailureError} when the disk refuses: network file systems tell of failed
   * writes here.
   */
  close(): void {
    const fd = this.#fd;
    this.#fd = undefined;
    if (fd === undefined || this.spec.file.kind !== "create") return;
    try {
      closeSync(fd);
    } catch (error) {
      throw diskFailure(error, this.spec.file.path);
    }
  }

  /** Hands over the descriptor of what this part opened itself, if it did: closing it is somebody else's task from then on. */
  detach(): number | undefined {
    if (this.spec.file.kind !== "create") return undefined;
    const fd = this.#fd;
    this.#fd = undefined;
    return fd;
  }

  /** Closes and removes what this part opened itself. */
  discard(): void {
    const opened = this.#fd !== undefined && this.spec.file.kind === "create";
    this.abandon();
    if (opened) rmSync(this.spec.file.path, { force: true });
  }

  /** Closes what this part opened itself, of which nobody will read anything. */
  abandon(): void {
    try {
      this.close();
    } catch {
      return;
    }
  }
}
