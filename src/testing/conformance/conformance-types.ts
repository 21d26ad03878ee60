import type { Capabilities, Storage } from "../../storage/storage.ts";
import type { ObjectUri } from "../../uri/object-uri.ts";

/** `test` of node:test, Vitest or Jest: registers one named test. */
export type RegisterTest = (name: string, run: () => Promise<void>) => unknown;

/** A storage under test, opened for one test. */
export interface ConformanceSubject {
  readonly client: Storage;
  /** An empty place whose key is empty or ends in `/`; whatever the test writes lies below. */
  readonly prefix: ObjectUri;
  /** Places an object behind the storage's back; needed where the client cannot write. Default: `put`. */
  readonly seed?: ((uri: ObjectUri, bytes: Uint8Array) => Promise<void>) | undefined;
  /** Removes what the test left and closes the client. Called once, also after a failure. */
  cleanup(): Promise<void>;
}

/** What the store behind the storage cannot hold or do. The defaults are those of Amazon S3. */
export interface ConformanceLimits {
  /** Longest key in UTF-8 bytes, the prefix included. Default 1024. */
  readonly maxKeyBytes?: number | undefined;
  /** Longest segment between slashes in UTF-8 bytes. Default: none. */
  readonly maxSegmentBytes?: number | undefined;
  /** `a//b` and a leading slash are keys of their own. Default true. */
  readonly emptySegments?: boolean | undefined;
  /** Objects whose key ends in `/` can be stored. Default true. */
  readonly directoryMarkers?: boolean | undefined;
  /** `a` and `a/b` can both be objects. Default true. */
  readonly nestedNames?: boolean | undefined;
  /** Names among {@link peculiarNames} that cannot be stored. Default: none. */
  readonly impossibleNames?: readonly string[] | undefined;
  /** Every stored object gets at least one digest. Default: when the capabilities name any. */
  readonly offersDigests?: boolean | undefined;
  /** Smallest part of a multipart upload in bytes. Default 5 MiB. */
  readonly minPartSize?: number | undefined;
  /** Objects in the large listing, at least 20. Default 2501, which is more than two pages of 1000. */
  readonly objectCount?: number | undefined;
}

export interface ConformanceOptions {
  /** Precedes every test's name. */
  readonly name: string;
  readonly test: RegisterTest;
  /** Opens the storage on an empty place. Called once per test. */
  open(): Promise<ConformanceSubject>;
  /** What the storage has to claim; the tests are chosen by it, so that nothing is dropped silently. */
  readonly capabilities: Capabilities;
  /** A URI in a bucket or place that does not exist, where the storage has such a thing. */
  readonly missingPlace?: ObjectUri | undefined;
  readonly limits?: ConformanceLimits | undefined;
}

/** Limits with the defaults filled in. */
export type EffectiveLimits = {
  readonly [Name in keyof ConformanceLimits]-?: Exclude<ConformanceLimits[Name], undefined>;
};
