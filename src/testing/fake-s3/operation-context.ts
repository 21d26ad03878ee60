import type { Answer } from "./answer.ts";
import type { Bucket } from "./bucket.ts";
import type { FakeS3Quirks } from "./fake-s3-options.ts";
import type { ObjectStore } from "./object-store.ts";
import type { S3Request } from "./s3-request.ts";
import type { Identity } from "./signature/authenticate.ts";

/** What an operation works on. */
export interface OperationContext {
  readonly store: ObjectStore;
  readonly request: S3Request;
  readonly identity: Identity;
  /** Epoch milliseconds. */
  readonly now: number;
  readonly region: string;
  readonly quirks: FakeS3Quirks;
  readonly minPartSize: number;
  readonly maxCopySize: number;
  /** The bucket that the request names. Throws `NoSuchBucket`. */
  bucket(): Bucket;
}

export type OperationHandler = (context: OperationContext) => Answer | Promise<Answer>;
