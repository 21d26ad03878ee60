import type { Answer } from "../fake-s3/answer.ts";
import type { Bucket } from "./bucket.ts";
import type { FakeOciOptions } from "./fake-oci-options.ts";
import type { ObjectStore } from "./object-store.ts";
import type { OciRequest } from "./oci-request.ts";

/** What an operation works on. */
export interface OperationContext {
  readonly store: ObjectStore;
  readonly request: OciRequest;
  /** What a signed body was verified to be; undefined where the operation reads the body itself. */
  readonly body: Buffer | undefined;
  /** Epoch milliseconds. */
  readonly now: number;
  readonly region: string;
  readonly options: FakeOciOptions;
  /** The bucket that the request names. Throws `BucketNotFound`. */
  bucket(): Bucket;
}

export type OperationHandler = (context: OperationContext) => Answer | Promise<Answer>;

export function jsonAnswer(value: unknown, headers: Readonly<Record<string, string>> = {}, status = 200): Answer {
  return { status, headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(value) };
}
