/** What a request asks for; also the name under which it is counted. */
export type S3Operation =
  | "ListBuckets"
  | "CreateBucket"
  | "HeadBucket"
  | "DeleteBucket"
  | "GetBucketLocation"
  | "GetBucketVersioning"
  | "PutBucketVersioning"
  | "ListObjects"
  | "ListObjectsV2"
  | "ListMultipartUploads"
  | "DeleteObjects"
  | "GetObject"
  | "HeadObject"
  | "GetObjectAttributes"
  | "PutObject"
  | "CopyObject"
  | "DeleteObject"
  | "CreateMultipartUpload"
  | "UploadPart"
  | "UploadPartCopy"
  | "CompleteMultipartUpload"
  | "AbortMultipartUpload"
  | "ListParts"
  | "Unsupported";

interface OperationInput {
  readonly method: string;
  readonly bucket: string | undefined;
  readonly key: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly headers: ReadonlyMap<string, string>;
}

/** Sub-resources that this server does not have; S3 would not treat them as plain reads and writes either. */
const unsupportedSubresources = ["acl", "tagging", "policy", "cors", "lifecycle", "notification", "logging", "website"];

/** Names the operation as S3 does: by method, by what the path holds, by query and header. */
export function identifyOperation(input: OperationInput): S3Operation {
  if (unsupportedSubresources.some((name) => input.parameters.has(name))) return "Unsupported";
  if (input.bucket === undefined) return input.method === "GET" ? "ListBuckets" : "Unsupported";
  return input.key === "" ? bucketOperation(input) : objectOperation(input);
}

function bucketOperation({ method, parameters }: OperationInput): S3Operation {
  switch (method) {
    case "PUT":
      return parameters.has("versioning") ? "PutBucketVersioning" : "CreateBucket";
    case "HEAD":
      return "HeadBucket";
    case "DELETE":
      return "DeleteBucket";
    case "POST":
      return parameters.has("delete") ? "DeleteObjects" : "Unsupported";
    case "GET":
      if (parameters.has("location")) return "GetBucketLocation";
      if (parameters.has("versioning")) return "GetBucketVersioning";
      if (parameters.has("uploads")) return "ListMultipartUploads";
      if (parameters.has("versions")) return "Unsupported";
      return parameters.get("list-type") === "2" ? "ListObjectsV2" : "ListObjects";
    default:
      return "Unsupported";
  }
}

function objectOperation({ method, parameters, headers }: OperationInput): S3Operation {
  const ofUpload = parameters.has("uploadId");
  switch (method) {
    case "GET":
      if (ofUpload) return "ListParts";
      return parameters.has("attributes") ? "GetObjectAttributes" : "GetObject";
    case "HEAD":
      return "HeadObject";
    case "PUT":
      if (ofUpload) return headers.has("x-amz-copy-source") ? "UploadPartCopy" : "UploadPart";
      return headers.has("x-amz-copy-source") ? "CopyObject" : "PutObject";
    case "POST":
      if (parameters.has("uploads")) return "CreateMultipartUpload";
      return ofUpload ? "CompleteMultipartUpload" : "Unsupported";
    case "DELETE":
      return ofUpload ? "AbortMultipartUpload" : "DeleteObject";
    default:
      return "Unsupported";
  }
}
