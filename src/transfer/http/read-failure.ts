/**
 * Why one attempt to read failed. Plain data: it crosses from the lanes to the engine, where {@link classifyFailure}
 * decides what happens next.
 */
export interface ReadFailure {
  readonly kind:
    | "resolve"
    | "connect"
    | "tls"
    | "connection"
    | "stalled"
    | "truncated"
    | "protocol"
    | "status"
    | "redirect"
    | "changed"
    | "ignored-range"
    | "no-space"
    | "disk"
    | "digest"
    | "undigested"
    | "read";
  /** One sentence part, without secrets. */
  readonly detail: string;
  readonly httpStatus?: number | undefined;
  readonly serviceCode?: string | undefined;
  readonly requestId?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  /** Where a redirect leads. Secret: it may be signed. */
  readonly location?: string | undefined;
  /** Fields of a StorageError that already says it all, for reads that are not ours (`kind: "read"`). */
  readonly error?: import("../../errors.ts").StorageErrorFields | undefined;
}

/** A {@link ReadFailure} on its way through code that throws. Never leaves the engine. */
export class ReadFailureError extends Error {
  override readonly name = "ReadFailureError";
  readonly failure: ReadFailure;

  constructor(failure: ReadFailure) {
    super(failure.detail);
    this.failure = failure;
  }
}
