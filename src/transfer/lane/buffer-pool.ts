/**
 * Fixed-size buffers that sockets read into and disks write from. `take` never fails: whoever takes asks
 * {@link BufferPool.exhausted} first where it could wait instead.
 */
export class BufferPool {
  readonly #size: number;
  readonly #limit: number;
  readonly #free: Uint8Array[] = [];
  #taken = 0;

  /** `size` of each buffer and `limit` of all together, in bytes. */
  constructor(size: number, limit: number) {
    this.#size = size;
    this.#limit = limit;
  }

  get bufferSize(): number {
    return this.#size;
  }

  /** True when the buffers that are out already make up the limit. */
  get exhausted(): boolean {
    return this.#taken * this.#size >= this.#limit;
  }

  take(): Uint8Array {
    this.#taken += 1;
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.#size);
  }

  /** Gives a buffer back. It must not be touched afterwards. */
  give(buffer: Uint8Array): void {
    this.#taken -= 1;
    if (this.#free.length * this.#size < this.#limit) this.#free.push(buffer);
  }
}
