import type { Socket } from "node:net";
import { keepsAlive } from "../http/judge-response.ts";
import { type ReadFailure, ReadFailureError } from "../http/read-failure.ts";
import { parseResponseHead, type ResponseHead } from "../http/response-head.ts";
import type { BufferPool } from "./buffer-pool.ts";
import type { Exchange, Outcome } from "./exchange.ts";
import type { Acceptance } from "./part-sink.ts";

type Phase = "idle" | "head" | "body" | "explain" | "closed";

/** Less room than this at the end of a buffer is not worth a read. */
const minimalRoom = 16 * 1024;
/** File offsets at which a write starts, where there is a choice: whole pages. */
const alignment = 4096;
/** Error bodies up to this size are read for what they say. */
const maxExplanation = 16 * 1024;

/**
 * One HTTP/1.1 connection. Bytes go from the socket straight into a pooled buffer and are handed over when it is full or
 * the answer ends; nothing is copied in between.
 */
export class Connection {
  readonly #pool: BufferPool;
  readonly #onIdleClose: (connection: Connection) => void;
  #socket: Socket | undefined;
  #buffer: Uint8Array;
  #begin = 0;
  #fill = 0;
  #phase: Phase = "idle";
  #exchange: Exchange | undefined;
  #settle: ((outcome: Outcome) => void) | undefined;
  #position = 0;
  #left = 0;
  #keep = false;
  #explained: ReadFailure | undefined;
  #paused = false;
  #served = 0;
  #answered = false;
  #lastError: Error | undefined;
  /** Monotonic milliseconds of the last byte, or of the request if none came yet. */
  lastActivity = 0;

  constructor(pool: BufferPool, onIdleClose: (connection: Connection) => void) {
    this.#pool = pool;
    this.#buffer = pool.take();
    this.#onIdleClose = onIdleClose;
  }

  /** The `onread` option that makes a socket read into this connection's buffers. */
  get onread(): { buffer: () => Uint8Array; callback: (bytes: number) => boolean } {
    return {
      buffer: () => this.#buffer.subarray(this.#fill),
      callback: (bytes) => {
        this.#received(bytes);
        return !this.#paused;
      },
    };
  }

  /** Takes a connected socket that was made with {@link Connection.onread}. */
  attach(socket: Socket): void {
    this.#socket = socket;
    socket.on("error", (error) => {
      this.#lastError = error;
    });
    socket.on("end", () => socket.destroy());
    socket.on("close", () => this.#closed());
  }

  /** For sockets that cannot read into given buffers: copies what came. */
  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length && this.#phase !== "closed"; ) {
      const count = Math.min(chunk.length - at, this.#buffer.length - this.#fill);
      this.#buffer.set(chunk.subarray(at, at + count), this.#fill);
      at += count;
      this.#received(count);
    }
    if (this.#paused) this.#socket?.pause();
  }

  /** Address of the peer. */
  get address(): string | undefined {
    return this.#socket?.remoteAddress;
  }

  /** Bytes of the answer to the present request have come. */
  get answered(): boolean {
    return this.#answered;
  }

  get usable(): boolean {
    return this.#phase === "idle" && this.#socket?.destroyed === false;
  }

  /** Sends a request and resolves once its answer is dealt with. Never rejects. */
  exchange(exchange: Exchange): Promise<Outcome> {
    return new Promise((resolve) => {
      this.#exchange = exchange;
      this.#settle = resolve;
      this.#answered = false;
      this.#phase = "head";
      this.#begin = 0;
      this.#fill = 0;
      this.lastActivity = performance.now();
      if (this.#socket === undefined || this.#socket.destroyed) this.#closed();
      else this.#socket.write(exchange.request, "latin1");
    });
  }

  /** Stops reading until {@link Connection.resume}: the sender is slowed down by TCP. */
  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#socket?.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.lastActivity = performance.now();
    this.#socket?.resume();
  }

  /**
   * Hands over what lies in the buffer, so that the part's frontier is exact. The socket goes on filling the rest of the same
   * buffer: it was told so after its last read and cannot be told otherwise before the next.
   */
  flush(): void {
    const exchange = this.#exchange;
    const count = Math.min(this.#fill - this.#begin, this.#left);
    if (this.#phase !== "body" || exchange === undefined || count === 0) return;
    const copy = this.#pool.take(count);
    copy.set(this.#buffer.subarray(this.#begin, this.#begin + count));
    try {
      const { kept, complete } = exchange.onBytes(this.#position, copy, 0, count);
      this.#begin += count;
      this.#position += count;
      this.#left -= count;
      if (!kept) this.#pool.give(copy);
      if (complete) this.#finish({ kind: "complete" }, false);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Ends the exchange with this failure, after handing over what came so far. */
  abort(failure: ReadFailure): void {
    this.flush();
    if (this.#exchange !== undefined) this.#finish({ kind: "failed", failure, unanswered: false }, false);
    this.destroy();
  }

  destroy(): void {
    this.#socket?.destroy();
    if (this.#socket === undefined) this.#closed();
  }

  #received(bytes: number): void {
    this.#fill += bytes;
    if (this.#phase === "body")
      this.#exchange?.onReceived(Math.min(bytes, this.#left - (this.#fill - bytes - this.#begin)));
    this.#answered = true;
    this.lastActivity = performance.now();
    try {
      this.#consume();
    } catch (error) {
      this.#fail(error);
    }
  }

  #consume(): void {
    while (this.#phase === "head" && this.#readHead()) {}
    if (this.#phase === "body") this.#readBody();
    else if (this.#phase === "explain") this.#readExplanation();
    else if (this.#phase === "idle" && this.#fill > 0) this.#socket?.destroy();
  }

  /** Reads one head, an interim one included. False when more bytes are needed. */
  #readHead(): boolean {
    const parsed = parseResponseHead(this.#buffer, this.#begin, this.#fill);
    if (parsed.kind === "incomplete") {
      if (this.#fill < this.#buffer.length) return false;
      throw new ReadFailureError({ kind: "protocol", detail: "the server sends interim answers without end" });
    }
    if (parsed.kind === "malformed") throw new ReadFailureError({ kind: "protocol", detail: parsed.detail });
    const { head } = parsed;
    this.#begin += head.length;
    if (head.status === 101) throw new ReadFailureError({ kind: "protocol", detail: "the server switched protocols" });
    if (head.status >= 200) this.#obey(head);
    return true;
  }

  #obey(head: ResponseHead): void {
    const order = this.#exchange?.onHead(head);
    if (order === undefined || order.kind === "leave") {
      if (order !== undefined) this.#finish(order.outcome, false);
      return;
    }
    this.#keep = keepsAlive(head);
    if (order.kind === "deliver") {
      this.#phase = "body";
      this.#position = order.offset;
      this.#left = order.length;
      this.#exchange?.onReceived(Math.min(this.#fill - this.#begin, this.#left));
    } else if (!(order.length !== undefined && order.length <= this.#explainable)) {
      this.#finish({ kind: "failed", failure: order.failure, unanswered: false }, false);
    } else {
      this.#phase = "explain";
      this.#explained = order.failure;
      this.#left = order.length;
    }
  }

  /** Bytes of an explanation that the buffer has room for. */
  get #explainable(): number {
    return Math.min(maxExplanation, this.#buffer.length - this.#begin);
  }

  #readBody(): void {
    const have = this.#fill - this.#begin;
    if (have >= this.#left) {
      const extra = have > this.#left;
      this.#deliver(this.#begin + this.#left);
      this.#finish({ kind: "complete" }, this.#keep && !extra);
      return;
    }
    if (this.#buffer.length - this.#fill >= minimalRoom) return;
    const unaligned = (this.#position + have) % alignment;
    if (this.#deliver(this.#fill - (unaligned < have ? unaligned : 0)).complete) {
      this.#finish({ kind: "complete" }, false);
    }
  }

  #readExplanation(): void {
    if (this.#fill - this.#begin < this.#left || this.#explained === undefined) return;
    const end = this.#begin + this.#left;
    const body = Buffer.from(this.#buffer.subarray(this.#begin, end)).toString("utf8");
    const failure = this.#exchange?.onExplanation(this.#explained, body) ?? this.#explained;
    this.#finish({ kind: "failed", failure, unanswered: false }, this.#keep && this.#fill === end);
  }

  /** Hands over everything up to `to` and keeps what comes after it for the next time. */
  #deliver(to: number): Acceptance {
    const exchange = this.#exchange;
    if (exchange === undefined) return { kept: false, complete: true };
    const buffer = this.#buffer;
    const count = to - this.#begin;
    const rest = this.#fill - to;
    const acceptance = exchange.onBytes(this.#position, buffer, this.#begin, to);
    if (acceptance.kept) {
      this.#buffer = this.#pool.take(rest);
      this.#buffer.set(buffer.subarray(to, this.#fill), 0);
    } else if (rest > 0) {
      buffer.copyWithin(0, to, this.#fill);
    }
    this.#begin = 0;
    this.#fill = rest;
    this.#position += count;
    this.#left -= count;
    return acceptance;
  }

  #fail(error: unknown): void {
    const failure: ReadFailure =
      error instanceof ReadFailureError
        ? error.failure
        : { kind: "protocol", detail: error instanceof Error ? error.message : String(error) };
    this.#finish({ kind: "failed", failure, unanswered: false }, false);
  }

  #finish(outcome: Outcome, reusable: boolean): void {
    const settle = this.#settle;
    this.#exchange = undefined;
    this.#settle = undefined;
    this.#explained = undefined;
    this.#served += 1;
    if (this.#phase !== "closed") this.#phase = "idle";
    this.#begin = 0;
    this.#fill = 0;
    if (!reusable) this.#socket?.destroy();
    settle?.(outcome);
  }

  #closed(): void {
    if (this.#phase === "closed") return;
    this.flush();
    const phase = this.#phase;
    const inFlight = this.#exchange !== undefined;
    this.#phase = "closed";
    if (inFlight) {
      const unanswered = !this.#answered && this.#served > 0;
      this.#finish({ kind: "failed", failure: this.#closeFailure(phase), unanswered }, false);
    }
    this.#pool.give(this.#buffer);
    this.#onIdleClose(this);
  }

  #closeFailure(phase: Phase): ReadFailure {
    const cause = this.#lastError === undefined ? "" : `: ${this.#lastError.message}`;
    if (phase === "body")
      return {
        kind: "truncated",
        detail: `the connection broke ${this.#left} bytes before the end of the answer${cause}`,
      };
    return { kind: "connection", detail: `the connection was closed before an answer came${cause}` };
  }
}
