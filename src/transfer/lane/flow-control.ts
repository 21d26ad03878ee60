import { TokenBucket } from "../policy/token-bucket.ts";
import type { BufferPool } from "./buffer-pool.ts";
import type { ActiveRead } from "./lane-context.ts";

/** A cap lets through this much at once, in seconds of its rate. */
const burstSeconds = 0.1;
/** Bytes; a burst is never smaller, or a single read of the socket would be in debt. */
const minimalBurst = 64 * 1024;

/**
 * Pauses and resumes reads for two reasons: the bandwidth cap, and a re-order window that is full. A paused read keeps its
 * connection; TCP slows the sender down.
 */
export class FlowControl {
  readonly #pool: BufferPool;
  readonly #capped = new Set<ActiveRead>();
  readonly #held = new Set<ActiveRead>();
  #bucket: TokenBucket | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(pool: BufferPool) {
    this.#pool = pool;
  }

  /** Bytes per second, or undefined for no cap. */
  setRate(bytesPerSecond: number | undefined): void {
    if (bytesPerSecond === undefined) {
      this.#bucket = undefined;
      this.#release();
      return;
    }
    const burst = Math.max(minimalBurst, bytesPerSecond * burstSeconds);
    const now = performance.now();
    if (this.#bucket === undefined) this.#bucket = new TokenBucket(burst, bytesPerSecond, now);
    else this.#bucket.resize(burst, bytesPerSecond, now);
    if (this.#capped.size > 0) this.#release();
  }

  paused(read: ActiveRead): boolean {
    return this.#capped.has(read) || this.#held.has(read);
  }

  /** Bytes came in: over the cap, the read waits. */
  received(read: ActiveRead, bytes: number): void {
    const debtMs = this.#bucket?.take(bytes, performance.now()) ?? 0;
    if (debtMs <= 0) return;
    this.#capped.add(read);
    read.pause();
    this.#timer ??= setTimeout(() => this.#release(), debtMs);
  }

  #release(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const debtMs = this.#bucket?.debtMs(performance.now()) ?? 0;
    if (debtMs > 0) {
      this.#timer = setTimeout(() => this.#release(), debtMs);
      return;
    }
    const waiting = [...this.#capped];
    this.#capped.clear();
    for (const read of waiting) if (!this.#held.has(read)) read.resume();
  }

  /** A buffer of the read had to be kept: while no more can be spared, it waits for the bytes before its own. */
  bufferKept(read: ActiveRead): void {
    if (!this.#pool.exhausted || !read.sink.ahead) return;
    this.#held.add(read);
    read.pause();
  }

  /** Buffers were given back, or a digest got further: those go on that may. */
  windowMoved(): void {
    for (const read of this.#held) {
      if (this.#pool.exhausted && read.sink.ahead) continue;
      this.#held.delete(read);
      if (!this.#capped.has(read)) read.resume();
    }
  }

  /** The read is over. */
  forget(read: ActiveRead): void {
    this.#capped.delete(read);
    this.#held.delete(read);
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}
