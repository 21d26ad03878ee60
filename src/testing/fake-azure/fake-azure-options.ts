/** A request that arrived, for hooks and logs. */
export interface FakeAzureRequest {
  readonly method: string;
  readonly operation: FakeAzureOperation;
  readonly container: string;
  readonly blob: string;
  /** `Range` or `x-ms-range`, as it came. */
  readonly range: string | undefined;
  /** The digest of the range is asked for. */
  readonly rangeDigest: boolean;
  /** How the request was authorized. */
  readonly login: "shared_key" | "sas" | "bearer" | "anonymous";
}

export type FakeAzureOperation =
  | "ListBlobs"
  | "GetBlob"
  | "GetBlobProperties"
  | "PutBlob"
  | "PutBlock"
  | "PutBlockList"
  | "CopyBlob"
  | "DeleteBlob"
  | "CreateContainer"
  | "Unknown";

export interface FakeAzureOptions {
  /** Name of the storage account. Default `testaccount`. */
  readonly account?: string | undefined;
  /** Base64; undefined: a key of the fake's own. */
  readonly accountKey?: string | undefined;
  readonly containers?: readonly string[] | undefined;
  /** Containers that anybody may read and list. */
  readonly publicContainers?: readonly string[] | undefined;
  /** The account takes no account keys at all. */
  readonly refuseSharedKey?: boolean | undefined;
  /** Judges a bearer token: what it may do, or undefined when it is none of this account's. */
  readonly bearer?: ((token: string) => "read" | "write" | "none" | undefined) | undefined;
  /** Epoch milliseconds. Default `Date.now`. */
  readonly clock?: (() => number) | undefined;
  /** Largest page of a listing. Default 5000. */
  readonly pageSize?: number | undefined;
  /** Refuses a request with this code before it is served. */
  readonly intercept?:
    | ((request: FakeAzureRequest) => "disconnect" | { readonly status: number; readonly code: string } | undefined)
    | undefined;
  /** Flips a bit of the answer's body on its way: called for every read that is answered. */
  readonly damage?: ((request: FakeAzureRequest) => boolean) | undefined;
  readonly quirks?: FakeAzureQuirks | undefined;
  readonly onRequest?: ((request: FakeAzureRequest) => void) | undefined;
}

/** What emulators do differently; everything off is the service itself. */
export interface FakeAzureQuirks {
  /** No `x-ms-content-crc64`, or 500 where it is asked for: Azurite, `--loose` or not. */
  readonly noRangeCrc64?: "ignore" | "refuse" | undefined;
  /** No `Content-MD5` of ranges either. */
  readonly noRangeMd5?: boolean | undefined;
}

/** What a test may say about an object that it places. */
export interface FakeAzureSeed {
  /** Leaves the MD5 out, as uploads in blocks by many tools do; `wrong` stores another one. */
  readonly md5?: "none" | "wrong" | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly contentEncoding?: string | undefined;
  readonly archived?: boolean | undefined;
}
