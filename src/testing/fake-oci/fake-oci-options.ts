import type { KeyObject } from "node:crypto";
import type { OciFailure } from "./oci-failure.ts";
import type { OciOperation } from "./oci-operation.ts";

/** A key that may sign, or may not: `tenancy/user/fingerprint` and its public half. */
export interface FakeOciKey {
  readonly keyId: string;
  readonly publicKey: KeyObject;
  /** What its owner may do in every bucket. Default `manage`. */
  readonly access?: OciAccess | undefined;
}

export type OciAccess = "manage" | "read" | "none";

export interface FakeOciBucketOptions {
  readonly name: string;
  readonly versioning?: boolean | undefined;
  /** Everybody may list and read without signing. */
  readonly publicRead?: boolean | undefined;
}

/** A request as far as it is understood before it is carried out. */
export interface FakeOciRequest {
  readonly operation: OciOperation;
  readonly method: string;
  readonly bucket: string | undefined;
  readonly object: string;
  /** Path and query as they came over the wire. */
  readonly target: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly parameters: ReadonlyMap<string, string>;
  /** Requests of this operation so far, this one included. */
  readonly count: number;
}

export interface FakeOciAnswer {
  readonly request: FakeOciRequest;
  readonly status: number;
  /** Body bytes handed to the socket. */
  readonly sentBytes: number;
}

export interface FakeOciOptions {
  /** Default `testspace`. */
  readonly namespace?: string | undefined;
  /** Region that answers name. Default `us-ashburn-1`. */
  readonly region?: string | undefined;
  readonly buckets?: readonly (string | FakeOciBucketOptions)[] | undefined;
  readonly keys?: readonly FakeOciKey[] | undefined;
  /** Public key of the authority whose session tokens (`ST$…`) are accepted. */
  readonly tokenIssuer?: KeyObject | undefined;
  /** Epoch milliseconds; the system's time when absent. */
  readonly clock?: (() => number) | undefined;
  /** Called once a request is authorized: return a failure, or cut the connection, or nothing to go on. */
  readonly intercept?: ((request: FakeOciRequest) => OciFailure | "disconnect" | undefined) | undefined;
  /** Told when an answer is over. */
  readonly onAnswer?: ((answer: FakeOciAnswer) => void) | undefined;
  /** Bytes that every part of a multipart upload but the last must have. Default 10 MiB. */
  readonly minPartSize?: number | undefined;
  /** Times that a work request is still in progress when it is asked about. Default 1. */
  readonly copyPolls?: number | undefined;
  /** Copies fail for want of the service's own permission. */
  readonly refuseCopies?: boolean | undefined;
  /** Entries of a listing page at most. Default 1000, as the service has it. */
  readonly maxPageSize?: number | undefined;
}

/** How an object is put into the store without a request. */
export interface FakeOciSeedOptions {
  /** As if uploaded in parts of this many bytes: `opc-multipart-md5` and no `content-md5`. */
  readonly partSize?: number | undefined;
  /** As if uploaded with `opc-checksum-algorithm`. Default none, which is what most uploaders do. */
  readonly checksum?: "CRC32C" | "SHA256" | undefined;
  /** User metadata, without `opc-meta-`. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly storageTier?: "Standard" | "InfrequentAccess" | "Archive" | undefined;
  readonly contentType?: string | undefined;
  readonly contentEncoding?: string | undefined;
  /** Epoch milliseconds; the clock's time when absent. */
  readonly lastModified?: number | undefined;
}

/** What a pre-authenticated request lets its holder do. */
export interface FakeOciGrant {
  readonly bucket: string;
  /** The one object; every object when absent. */
  readonly object?: string | undefined;
  /** Only objects that begin with this. */
  readonly prefix?: string | undefined;
  readonly writes?: boolean | undefined;
  readonly lists?: boolean | undefined;
  /** Epoch milliseconds; never when absent. */
  readonly expiresAt?: number | undefined;
}
