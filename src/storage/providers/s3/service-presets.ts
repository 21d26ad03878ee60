/** S3 services that differ from one another only by the data below. */
export type ServiceName = "aws" | "minio" | "digitalocean" | "r2" | "wasabi" | "b2" | "ceph" | "oci" | "generic";

/**
 * What is particular about one service. The client has no `if` on a service's name: a new service, or a new finding about
 * one, is a change of this table and of docs/providers/s3.md.
 */
export interface ServicePreset {
  readonly title: string;
  /**
   * URL with `{region}`, `{account}` and `{namespace}` to fill in. `sdk`: the SDK's own rules, which know Amazon's partitions.
   * `given`: it has none, the endpoint must be given.
   */
  readonly endpoint: `https://${string}` | "sdk" | "given";
  /** Hosts of the service, to recognise it by a given endpoint; the group `region` is its region. */
  readonly hosts?: RegExp | undefined;
  /** Bucket in the path or in the host name. */
  readonly addressingStyle: "path" | "virtual";
  /** Used when nothing names a region. `discovered`: the bucket is asked. `required`: it must be given. */
  readonly defaultRegion: string;
  /** Ask HEAD for `x-amz-checksum-*`: what knows no checksums ignores the question, except where `never`. */
  readonly checksumMode: "ask" | "never";
  /** How an upload is protected on its way: Amazon's checksum headers, or `Content-MD5`, which everybody takes. */
  readonly uploadChecksum: "crc32" | "content-md5";
  /** GetObjectAttributes is there, and tells the parts of objects with checksums. */
  readonly objectAttributes: boolean;
  /** HEAD with `partNumber` tells the size of a part; services that ignore it are found out by their answer. */
  readonly partNumbers: boolean;
  /** `If-None-Match: *` is heeded when an upload, a multipart one included, is completed; else it is asked before. */
  readonly conditionalWrites: boolean;
  /** Answers reads with the `aws-chunked` encoding of the upload: signed reads then ask for identity. */
  readonly repeatsUploadEncoding: boolean;
}

const common = {
  addressingStyle: "path",
  defaultRegion: "us-east-1",
  checksumMode: "ask",
  uploadChecksum: "content-md5",
  objectAttributes: false,
  partNumbers: true,
  conditionalWrites: false,
  repeatsUploadEncoding: false,
} as const;

export const servicePresets: Readonly<Record<ServiceName, ServicePreset>> = {
  aws: {
    title: "Amazon S3",
    endpoint: "sdk",
    hosts:
      /(?:^|\.)s3[.-](?:(?:dualstack|fips|accelerate)\.)*(?:(?<region>[a-z]{2,}(?:-[a-z]+)+-\d)\.)?(?:vpce\.)?amazonaws\.com(?:\.cn)?$/,
    addressingStyle: "virtual",
    defaultRegion: "discovered",
    checksumMode: "ask",
    uploadChecksum: "crc32",
    objectAttributes: true,
    partNumbers: true,
    conditionalWrites: true,
    repeatsUploadEncoding: false,
  },
  minio: {
    ...common,
    title: "MinIO",
    endpoint: "given",
    uploadChecksum: "crc32",
    objectAttributes: true,
    conditionalWrites: true,
  },
  digitalocean: {
    ...common,
    title: "DigitalOcean Spaces",
    endpoint: "https://{region}.digitaloceanspaces.com",
    hosts: /(?:^|\.)(?<region>[a-z]{3}\d)\.(?:cdn\.)?digitaloceanspaces\.com$/,
    addressingStyle: "virtual",
    defaultRegion: "required",
  },
  r2: {
    ...common,
    title: "Cloudflare R2",
    endpoint: "https://{account}.r2.cloudflarestorage.com",
    hosts: /\.r2\.cloudflarestorage\.com$/,
    defaultRegion: "auto",
    conditionalWrites: true,
  },
  wasabi: {
    ...common,
    title: "Wasabi",
    endpoint: "https://s3.{region}.wasabisys.com",
    hosts: /(?:^|\.)s3\.(?:(?<region>[a-z]{2,}(?:-[a-z]+)+-\d)\.)?wasabisys\.com$/,
  },
  b2: {
    ...common,
    title: "Backblaze B2",
    endpoint: "https://s3.{region}.backblazeb2.com",
    hosts: /(?:^|\.)s3\.(?<region>[a-z]{2,}(?:-[a-z]+)+-\d{3})\.backblazeb2\.com$/,
    defaultRegion: "required",
    // Refuses every header of the checksum family by name, this one too.
    checksumMode: "never",
  },
  ceph: { ...common, title: "Ceph Object Gateway", endpoint: "given", repeatsUploadEncoding: true },
  oci: {
    ...common,
    title: "OCI Object Storage (S3 compatible)",
    endpoint: "https://{namespace}.compat.objectstorage.{region}.oraclecloud.com",
    hosts: /\.compat\.objectstorage\.(?<region>[a-z]{2,}(?:-[a-z]+)+-\d)\.(?:oci\.customer-oci\.com|oraclecloud\.com)$/,
    defaultRegion: "required",
  },
  generic: { ...common, title: "an S3-compatible server", endpoint: "given" },
};

export const serviceNames = Object.keys(servicePresets) as readonly ServiceName[];

/** The service that an endpoint's host belongs to, and the region that the host names; `generic` for a host nobody knows. */
export function recognizeEndpoint(endpoint: string): {
  readonly service: ServiceName;
  readonly region: string | undefined;
} {
  const { hostname } = new URL(endpoint);
  for (const service of serviceNames) {
    const match = servicePresets[service].hosts?.exec(hostname.toLowerCase());
    if (match !== undefined && match !== null) return { service, region: match.groups?.["region"] };
  }
  return { service: "generic", region: undefined };
}
