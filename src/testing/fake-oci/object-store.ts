import { randomBytes } from "node:crypto";
import type { Content } from "../content/content.ts";
import { Bucket, type NewObject } from "./bucket.ts";
import type { FakeOciBucketOptions, FakeOciGrant } from "./fake-oci-options.ts";
import { bucketNotFound, OciFailure, uploadNotFound } from "./oci-failure.ts";

export interface UploadedPart {
  readonly number: number;
  readonly content: Content;
  readonly etag: string;
  readonly md5: Buffer;
}

/** An unfinished multipart upload. */
export interface MultipartUpload {
  readonly id: string;
  readonly bucket: string;
  readonly object: string;
  readonly algorithm: "CRC32C" | "SHA256" | undefined;
  readonly attributes: Pick<NewObject, "metadata" | "storageTier" | "archivalState">;
  readonly parts: Map<number, UploadedPart>;
}

export interface WorkRequest {
  readonly id: string;
  /** Times that it is still to be in progress when asked about. */
  pollsLeft: number;
  /** Why it fails; undefined when it completes. */
  readonly failure: { readonly code: string; readonly message: string } | undefined;
}

/** Everything that the server holds. */
export class ObjectStore {
  readonly namespace: string;
  readonly uploads = new Map<string, MultipartUpload>();
  readonly workRequests = new Map<string, WorkRequest>();
  readonly preauthenticated = new Map<string, FakeOciGrant>();
  readonly #buckets = new Map<string, Bucket>();

  constructor(namespace: string) {
    this.namespace = namespace;
  }

  createBucket(options: string | FakeOciBucketOptions): void {
    const { name, versioning = false, publicRead = false } = typeof options === "string" ? { name: options } : options;
    this.#buckets.set(name, new Bucket({ name, versioning, publicRead }));
  }

  find(name: string | undefined): Bucket | undefined {
    return name === undefined ? undefined : this.#buckets.get(name);
  }

  /** Throws `BucketNotFound`. */
  bucket(name: string): Bucket {
    const bucket = this.#buckets.get(name);
    if (bucket === undefined) throw bucketNotFound(this.namespace, name);
    return bucket;
  }

  createUpload(fields: Omit<MultipartUpload, "id" | "parts">): MultipartUpload {
    const upload: MultipartUpload = { ...fields, id: crypto.randomUUID(), parts: new Map() };
    this.uploads.set(upload.id, upload);
    return upload;
  }

  /** Throws `UploadNotFound`, also when the id belongs to another object. */
  upload(id: string | undefined, bucket: string, object: string): MultipartUpload {
    const upload = this.uploads.get(id ?? "");
    if (upload === undefined || upload.bucket !== bucket || upload.object !== object) throw uploadNotFound();
    return upload;
  }

  createWorkRequest(pollsLeft: number, failure: WorkRequest["failure"]): WorkRequest {
    const request: WorkRequest = { id: crypto.randomUUID(), pollsLeft, failure };
    this.workRequests.set(request.id, request);
    return request;
  }

  /** Throws `NotFound`. */
  workRequest(id: string): WorkRequest {
    const request = this.workRequests.get(id);
    if (request === undefined) throw new OciFailure(404, "NotFound", "The work request was not found");
    return request;
  }

  /** Gives the token in the request's address. */
  createPreauthenticated(options: FakeOciGrant): string {
    const token = `TOPSECRET_${randomBytes(24).toString("base64url")}`;
    this.preauthenticated.set(token, options);
    return token;
  }
}
