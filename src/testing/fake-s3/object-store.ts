import { Bucket } from "./bucket.ts";
import type { ChecksumAlgorithm, ChecksumType } from "./checksum.ts";
import type { FakeS3BucketOptions } from "./fake-s3-options.ts";
import type { MultipartUpload } from "./multipart-upload.ts";
import { noSuchBucket, noSuchUpload, S3Failure } from "./s3-failure.ts";

/** Everything the server holds: buckets and unfinished uploads. */
export class ObjectStore {
  readonly buckets = new Map<string, Bucket>();
  readonly uploads = new Map<string, MultipartUpload>();
  readonly #region: string;
  #lastUpload = 0;

  constructor(region: string) {
    this.#region = region;
  }

  createBucket(options: string | FakeS3BucketOptions, now: number): Bucket {
    const given = typeof options === "string" ? { name: options } : options;
    if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(given.name)) {
      throw new S3Failure(400, "InvalidBucketName", "The specified bucket is not valid.", {
        fields: { BucketName: given.name },
      });
    }
    const bucket = new Bucket({
      name: given.name,
      region: given.region ?? this.#region,
      publicRead: given.publicRead ?? false,
      requesterPays: given.requesterPays ?? false,
      versioning: given.versioning ?? false,
      createdAt: now,
    });
    this.buckets.set(bucket.name, bucket);
    return bucket;
  }

  /** Throws `NoSuchBucket`. */
  bucket(name: string): Bucket {
    const bucket = this.buckets.get(name);
    if (bucket === undefined) throw noSuchBucket(name);
    return bucket;
  }

  createUpload(fields: {
    readonly bucket: string;
    readonly key: string;
    readonly initiatedAt: number;
    readonly checksum: { readonly algorithm: ChecksumAlgorithm; readonly type: ChecksumType } | undefined;
    readonly checksumNamed: boolean;
    readonly attributes: MultipartUpload["attributes"];
  }): MultipartUpload {
    this.#lastUpload += 1;
    const id = `upload.${String(this.#lastUpload).padStart(8, "0")}`;
    const upload: MultipartUpload = { ...fields, id, parts: new Map() };
    this.uploads.set(id, upload);
    return upload;
  }

  /** Throws `NoSuchUpload`, also when the id belongs to another object. */
  upload(id: string, bucket: string, key: string): MultipartUpload {
    const upload = this.uploads.get(id);
    if (upload === undefined || upload.bucket !== bucket || upload.key !== key) throw noSuchUpload(id);
    return upload;
  }
}
