import type { RequestHead } from "./request-head.ts";

/** How an answer ended: whole, cut by a fault, or given up by the client. */
export type Outcome = "open" | "complete" | "reset" | "closed" | "abandoned";

/** One request as the server saw it; fields change until `outcome` is no longer `open`. */
export interface RecordedRequest {
  /** From 1, in order of arrival. */
  readonly number: number;
  /** The connection it came on, from 1 in order of acceptance. */
  readonly connection: number;
  readonly method: string;
  /** As on the wire, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
  readonly serverAddress: string;
  /** Types of the fault actions that struck, in order. */
  readonly faults: readonly string[];
  /** Status of the answer; 0 while or when there is none. */
  readonly status: number;
  /** Offset in the object of the first body byte; undefined when the body is not the object's bytes. */
  readonly start: number | undefined;
  /** Body bytes handed to the kernel. */
  readonly bodyBytes: number;
  /** Milliseconds by the monotonic clock. */
  readonly startedAt: number;
  readonly endedAt: number | undefined;
  readonly outcome: Outcome;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** The record while its answer is being sent. */
export type OpenRecord = Mutable<RecordedRequest>;

/** Everything that was asked and how much was sent. */
export class RequestLog {
  readonly requests: OpenRecord[] = [];
  readonly #bytesByPath = new Map<string, number>();
  readonly #waiters = new Set<{ readonly path: string | undefined; readonly bytes: number; done(): void }>();
  #bytes = 0;

  open(request: RequestHead, connection: number, serverAddress: string): OpenRecord {
    const record: OpenRecord = {
      number: this.requests.length + 1,
      connection,
      method: request.method,
      path: request.path,
      query: request.query,
      headers: request.headers,
      serverAddress,
      faults: [],
      status: 0,
      start: undefined,
      bodyBytes: 0,
      startedAt: performance.now(),
      endedAt: undefined,
      outcome: "open",
    };
    this.requests.push(record);
    return record;
  }

  close(record: OpenRecord, outcome: Outcome): void {
    record.outcome = outcome;
    record.endedAt = performance.now();
  }

  countBody(record: OpenRecord, bytes: number): void {
    record.bodyBytes += bytes;
    this.#bytes += bytes;
    this.#bytesByPath.set(record.path, this.bytesServed(record.path) + bytes);
    for (const waiter of this.#waiters) {
      if (this.bytesServed(waiter.path) < waiter.bytes) continue;
      this.#waiters.delete(waiter);
      waiter.done();
    }
  }

  bytesServed(path?: string): number {
    return path === undefined ? this.#bytes : (this.#bytesByPath.get(path) ?? 0);
  }

  /** Resolves as soon as so many body bytes were sent, in total or for the path. */
  waitForBytes(bytes: number, path?: string): Promise<void> {
    if (this.bytesServed(path) >= bytes) return Promise.resolve();
    return new Promise((done) => this.#waiters.add({ path, bytes, done }));
  }

  /** Bytes of the object that were sent more than once. */
  refetchedBytes(path: string): number {
    const pieces = this.requests
      .filter((record) => record.path === path && record.start !== undefined && record.bodyBytes > 0)
      .map((record) => ({ start: record.start ?? 0, end: (record.start ?? 0) + record.bodyBytes }))
      .sort((a, b) => a.start - b.start);
    let covered = 0;
    let twice = 0;
    for (const { start, end } of pieces) {
      twice += Math.max(0, Math.min(end, covered) - start);
      covered = Math.max(covered, end);
    }
    return twice;
  }
}
