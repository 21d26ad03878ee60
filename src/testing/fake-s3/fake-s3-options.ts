import type { ChecksumAlgorithm, ChecksumType } from "./checksum.ts";
import type { S3Failure } from "./s3-failure.ts";
import type { S3Operation } from "./s3-operation.ts";

/** A key pair that may sign. All secret, but only for tests. */
export interface FakeS3Credential {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Makes it temporary: requests must carry exactly this token. */
  readonly sessionToken?: string | undefined;
  /** Epoch milliseconds after which a temporary credential is refused with `ExpiredToken`. */
  readonly expiresAt?: number | undefined;
}

export interface FakeS3BucketOptions {
  readonly name: string;
  /** Defaults to the server's. Another region answers with redirects and region errors, as S3 does. */
  readonly region?: string | undefined;
  readonly versioning?: boolean | undefined;
  /** Everybody may list and read without signing. */
  readonly publicRead?: boolean | undefined;
  readonly requesterPays?: boolean | undefined;
}

/** Departures from Amazon's behaviour that compatible servers have; everything off is Amazon S3. */
export interface FakeS3Quirks {
  /** No `x-amz-checksum-*` is stored or answered, nor checked. */
  readonly noChecksums?: boolean | undefined;
  /** 501 for bodies with trailing checksums. */
  readonly refuseTrailers?: boolean | undefined;
  /** 501 for GetObjectAttributes. */
  readonly refuseAttributes?: boolean | undefined;
  /** Scope regions are not looked at. */
  readonly anyRegion?: boolean | undefined;
  /** `NextContinuationToken` is echoed on the last page too, which is not truncated. */
  readonly echoContinuationToken?: boolean | undefined;
  /** CompleteMultipartUpload answers with an empty etag. */
  readonly emptyCompleteEtag?: boolean | undefined;
  /** CopyObject answers with an etag without quotes. */
  readonly unquotedCopyEtag?: boolean | undefined;
  /** Listings encode blanks of keys as `%20` rather than as `+`. */
  readonly percentEncodedBlanks?: boolean | undefined;
  /** Part of a size that GET with `partNumber` would give is not known: the whole object is answered. */
  readonly ignorePartNumber?: boolean | undefined;
}

/** A request as far as it is understood before it is carried out. */
export interface FakeS3Request {
  readonly operation: S3Operation;
  readonly method: string;
  readonly bucket: string | undefined;
  readonly key: string;
  /** Path and query as they came over the wire. */
  readonly target: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly parameters: ReadonlyMap<string, string>;
  /** Requests of this operation so far, this one included. */
  readonly count: number;
}

/** What an intercepted request gets instead of its answer. */
export type Interception = S3Failure | "disconnect";

export interface FakeS3Answer {
  readonly request: FakeS3Request;
  readonly status: number;
  /** Body bytes handed to the socket. */
  readonly sentBytes: number;
}

export interface FakeS3Options {
  readonly buckets?: readonly (string | FakeS3BucketOptions)[] | undefined;
  /** Who may sign. Without any, everything signed is refused with `InvalidAccessKeyId`. */
  readonly credentials?: readonly FakeS3Credential[] | undefined;
  /** Region of the endpoint and, by default, of its buckets. Default `us-east-1`. */
  readonly region?: string | undefined;
  /** Epoch milliseconds; the system's time when absent. */
  readonly clock?: (() => number) | undefined;
  /** Milliseconds before an answer's head. */
  readonly latency?: number | ((request: FakeS3Request) => number) | undefined;
  /** Called once a request is authorized: return a failure, or cut the connection, or nothing to go on. */
  readonly intercept?: ((request: FakeS3Request) => Interception | undefined) | undefined;
  /** Told when an answer is over. */
  readonly onAnswer?: ((answer: FakeS3Answer) => void) | undefined;
  /** Virtual-host style: requests to `<bucket>.<domain>` name the bucket in the host. Default `localhost`. */
  readonly domain?: string | undefined;
  /** Bytes that every part of a multipart upload but the last must have. Default 5 MiB, as S3. */
  readonly minPartSize?: number | undefined;
  /** Bytes that CopyObject and UploadPartCopy take at most. Default 5 GiB, as S3. */
  readonly maxCopySize?: number | undefined;
  readonly quirks?: FakeS3Quirks | undefined;
  /** PEM texts; serves TLS when given. */
  readonly tls?: { readonly key: string; readonly cert: string } | undefined;
}

/** How an object is put into the store without a request. */
export interface SeedOptions {
  /** As if uploaded in parts of this many bytes: `md5-N` etag, checksum of {@link SeedOptions.checksumType}. */
  readonly partSize?: number | undefined;
  /** `CRC64NVME` by default, as S3 adds it when the client sends none; `none` for an object from before checksums. */
  readonly checksum?: ChecksumAlgorithm | "none" | undefined;
  /** Of a multipart object. Default `FULL_OBJECT`, except for SHA algorithms, which only have `COMPOSITE`. */
  readonly checksumType?: ChecksumType | undefined;
  /** `opaque`: an etag that is no digest, as with KMS or a customer's key. Implied by those encryptions. */
  readonly etag?: "md5" | "opaque" | undefined;
  readonly encryption?: "AES256" | "aws:kms" | undefined;
  /** Anything but `STANDARD` and `GLACIER`/`DEEP_ARCHIVE` behaves as `STANDARD`; those two refuse to be read. */
  readonly storageClass?: string | undefined;
  readonly contentType?: string | undefined;
  readonly contentEncoding?: string | undefined;
  /** Epoch milliseconds; the clock's time when absent. */
  readonly lastModified?: number | undefined;
}
