/**
 * Storage URIs as data: one discriminated union for every form that the project reads. Keys are byte-exact object keys,
 * decoded exactly once from the text; an empty key stands for the whole bucket, container or repository.
 */

interface WithKey {
  /** Object key or prefix, never starting with the separator that follows the bucket. May be empty. */
  readonly key: string;
}

/** `s3://bucket/prefix`, `s3://bucket@region/prefix`, `aws://region/bucket/prefix`. */
export interface S3Uri extends WithKey {
  readonly provider: "s3";
  readonly bucket: string;
  readonly region?: string | undefined;
}

/** `gs://bucket/prefix`, `gcp://project/bucket/prefix`. */
export interface GcsUri extends WithKey {
  readonly provider: "gcs";
  readonly bucket: string;
  readonly project?: string | undefined;
}

/** `az://container/prefix`, `azure://account/container/prefix`, `az://account.blob.core.windows.net/container/path`. */
export interface AzureUri extends WithKey {
  readonly provider: "azure";
  readonly container: string;
  readonly account?: string | undefined;
  /** Host suffix after the account when the URI named it, such as `blob.core.windows.net` or `blob.core.chinacloudapi.cn`. */
  readonly hostSuffix?: string | undefined;
}

/** `oci://n/ns/b/bucket/o/prefix`, `oci://ns@region/bucket/prefix`, `oci://bucket/prefix` (namespace discovered). */
export interface OciUri extends WithKey {
  readonly provider: "oci";
  readonly bucket: string;
  readonly namespace?: string | undefined;
  readonly region?: string | undefined;
}

/** `hf://[models/|datasets/]org/model[@revision][/path]`. */
export interface HuggingFaceUri extends WithKey {
  readonly provider: "huggingface";
  readonly repository: string;
  readonly repositoryType: "model" | "dataset";
  /**
   * Branch, tag or commit; `main` when the URI names none. `@feature/x` is parsed as revision `feature` and path `x`, the Hub's rule, although
   * a manifest written for OME means the branch `feature/x`. Git cannot have both `feature` and `feature/x`, so the provider, which
   * knows the repository's refs, moves leading path segments into the revision when the shorter one does not exist.
   */
  readonly revision: string;
}

/** `github://owner/repo[@tag]`: the assets of a release; the key is an asset's name. */
export interface GithubUri extends WithKey {
  readonly provider: "github";
  readonly owner: string;
  readonly repository: string;
  /** `latest` when the URI names none. */
  readonly tag: string;
}

/** `http://` and `https://`: one object, or a directory when the path ends in `/`. */
export interface HttpUri extends WithKey {
  readonly provider: "http";
  /** Scheme, host and port, such as `https://example.org:8443`. */
  readonly origin: string;
  /** Path as it stands on the wire (percent-encoded) without its leading slash; the key is its decoded form. */
  readonly encodedPath: string;
  /** Query with its `?`, or empty. Treated as a secret: it may be a signature. */
  readonly query: string;
}

/** `local:///abs`, `local://relative`, `file:///abs`, and plain paths on the command line. */
export interface LocalUri extends WithKey {
  readonly provider: "local";
  /** Absolute, or relative to the working directory. The key is the same path. */
  readonly path: string;
}

/** `pvc://[namespace:]claim/path`. */
export interface PvcUri extends WithKey {
  readonly provider: "pvc";
  readonly claim: string;
  readonly namespace?: string | undefined;
}

/** `vendor://vendor/type/path`: nothing is downloaded. */
export interface VendorUri extends WithKey {
  readonly provider: "vendor";
  readonly vendor: string;
  readonly type: string;
}

/** `memory://bucket/prefix`: the in-process store used by tests. */
export interface MemoryUri extends WithKey {
  readonly provider: "memory";
  readonly bucket: string;
}

/** A scheme that a registered plug-in provider owns; the rest of the text is the plug-in's. */
export interface PluginUri extends WithKey {
  readonly provider: "plugin";
  readonly scheme: string;
  /** First path segment, when the text has one; meaning is the plug-in's. */
  readonly authority: string;
}

export type ObjectUri =
  | S3Uri
  | GcsUri
  | AzureUri
  | OciUri
  | HuggingFaceUri
  | GithubUri
  | HttpUri
  | LocalUri
  | PvcUri
  | VendorUri
  | MemoryUri
  | PluginUri;

/** Which family of storage an {@link ObjectUri} names. */
export type UriProvider = ObjectUri["provider"];
