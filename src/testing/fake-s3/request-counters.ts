import type { S3Operation } from "./s3-operation.ts";

/** What one kind of request came to. */
export interface OperationCount {
  readonly requests: number;
  /** Answers with a status of 400 and above, and cut connections. */
  readonly failures: number;
  /** Body bytes handed to sockets. */
  readonly sentBytes: number;
}

const none: OperationCount = { requests: 0, failures: 0, sentBytes: 0 };

/** Counts per operation, for tests that bound what a client may ask. */
export class RequestCounters {
  readonly #counts = new Map<S3Operation, OperationCount>();

  of(operation: S3Operation): OperationCount {
    return this.#counts.get(operation) ?? none;
  }

  get total(): OperationCount {
    return [...this.#counts.values()].reduce(
      (sum, count) => ({
        requests: sum.requests + count.requests,
        failures: sum.failures + count.failures,
        sentBytes: sum.sentBytes + count.sentBytes,
      }),
      none,
    );
  }

  reset(): void {
    this.#counts.clear();
  }

  /** Counts the beginning of a request; gives how many of its kind there were. */
  begin(operation: S3Operation): number {
    const count = this.of(operation);
    this.#counts.set(operation, { ...count, requests: count.requests + 1 });
    return count.requests + 1;
  }

  end(operation: S3Operation, answer: { readonly failed: boolean; readonly sentBytes: number }): void {
    const count = this.of(operation);
    this.#counts.set(operation, {
      requests: count.requests,
      failures: count.failures + (answer.failed ? 1 : 0),
      sentBytes: count.sentBytes + answer.sentBytes,
    });
  }
}
