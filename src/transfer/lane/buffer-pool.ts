/** Sizes in bytes. */
export interface BufferPoolOptions {
  /** Of a buffer while there is plenty. */
  readonly size: number;
  /** Of a buffer when more than half of `limit` is out: many connections share the memory. */
  readonly leanSize: number;
  /** Of all buffers that are out, as far as users can wait. */
  readonly limit: number;
}

/**
 * Buffers that sockets read into and disks write from. `take` never fails: whoever could wait instead asks
 * {@link BufferPool.exhausted} first.
 */
export class BufferPool {
  readonly #options: BufferPoolOptions;
  readonly #free: Uint8Array[] = [];
  readonly #freeLean: Uint8Array[] = [];
  #taken = 0;
  #kept = 0;

  constructor(options: BufferPoolOptions) {
    this.#options = options;
  }

  /** True when the buffers that are out make up the limit. */
  get exhausted(): boolean {
    return this.#taken >= this.#options.limit;
  }

  /** A buffer; never a lean one when it must hold `atLeast` bytes. */
  take(atLeast = 0): Uint8Array {
    const { size, leanSize, limit } = this.#options;
    const lean = this.#taken > limit / 2 && atLeast <= leanSize;
    const known = lean ? (this.#freeLean.pop() ?? this.#free.pop()) : this.#free.pop();
    if (known !== undefined) this.#kept -= known.length;
    const buffer = known ?? Buffer.allocUnsafeSlow(lean ? leanSize : size);
    this.#taken += buffer.length;
    return buffer;
  }

  /** Gives a buffer back. It must not be touched afterwards. */
  give(buffer: Uint8Array): void {
    this.#taken -= buffer.length;
    if (this.#taken + this.#kept + buffer.length > this.#options.limit) return;
    this.#kept += buffer.length;
    if (buffer.length < this.#options.size) this.#freeLean.push(buffer);
    else this.#free.push(buffer);
  }
}
