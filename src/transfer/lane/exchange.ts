import type { ReadFailure } from "../http/read-failure.ts";
import type { ResponseHead } from "../http/response-head.ts";
import type { Acceptance } from "./part-sink.ts";

/** What to do with the body of an answer. */
export type BodyOrder =
  /** Hand it over; `offset` is the place of its first byte in the object. */
  | { readonly kind: "deliver"; readonly offset: number; readonly length: number }
  /** Read it if it is short, for what it says about the failure and so that the connection can be kept. */
  | { readonly kind: "explain"; readonly failure: ReadFailure; readonly length: number | undefined }
  /** Neither read nor keep the connection. */
  | { readonly kind: "leave"; readonly outcome: Outcome };

/** How an exchange ended. */
export type Outcome =
  | { readonly kind: "complete" }
  /** The fast path does not take this answer; the slower one may. */
  | { readonly kind: "unsupported" }
  /** `unanswered`: not one byte came on a connection that had served before, so it had most likely been closed while idle. */
  | { readonly kind: "failed"; readonly failure: ReadFailure; readonly unanswered: boolean };

/** One request and what is done with its answer. */
export interface Exchange {
  readonly request: string;
  onHead(head: ResponseHead): BodyOrder;
  /** Bytes of the body came in; they are handed over later. */
  onReceived(bytes: number): void;
  /** Bytes of the body that lie at `position` of the object. May throw {@link ReadFailureError}. */
  onBytes(position: number, buffer: Uint8Array, from: number, to: number): Acceptance;
  /** Text of a short body that came with a failure. */
  onExplanation(failure: ReadFailure, body: string): ReadFailure;
}
