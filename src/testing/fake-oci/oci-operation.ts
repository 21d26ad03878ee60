import { OciFailure } from "./oci-failure.ts";
import type { OciRequest } from "./oci-request.ts";

export type OciOperation =
  | "GetNamespace"
  | "HeadBucket"
  | "ListObjects"
  | "HeadObject"
  | "GetObject"
  | "PutObject"
  | "DeleteObject"
  | "CopyObject"
  | "CreateMultipartUpload"
  | "UploadPart"
  | "CommitMultipartUpload"
  | "AbortMultipartUpload"
  | "GetWorkRequest"
  | "ListWorkRequestErrors";

const objectMethods: Readonly<Record<string, OciOperation>> = {
  GET: "GetObject",
  HEAD: "HeadObject",
  PUT: "PutObject",
  DELETE: "DeleteObject",
};
const uploadMethods: Readonly<Record<string, OciOperation>> = {
  PUT: "UploadPart",
  POST: "CommitMultipartUpload",
  DELETE: "AbortMultipartUpload",
};

/** Which operation a request is; throws what the service says to one that it does not have. */
export function identifyOperation(request: OciRequest): OciOperation {
  const operation = find(request);
  if (operation !== undefined) return operation;
  throw new OciFailure(404, "NotFound", "The requested path was not found");
}

function find({ method, root, namespace, bucket, collection, name }: OciRequest): OciOperation | undefined {
  if (root === "workRequests" && method === "GET") {
    return name.endsWith("/errors") ? "ListWorkRequestErrors" : "GetWorkRequest";
  }
  if (root !== "n") return undefined;
  if (namespace === undefined) return method === "GET" ? "GetNamespace" : undefined;
  if (bucket === undefined) return undefined;
  if (collection === "") return method === "HEAD" || method === "GET" ? "HeadBucket" : undefined;
  if (collection === "o") return name === "" ? (method === "GET" ? "ListObjects" : undefined) : objectMethods[method];
  if (collection === "u")
    return name === "" ? (method === "POST" ? "CreateMultipartUpload" : undefined) : uploadMethods[method];
  if (collection === "actions" && name === "copyObject" && method === "POST") return "CopyObject";
  return undefined;
}

/** Operations that change something. */
export const writingOperations: ReadonlySet<OciOperation> = new Set([
  "PutObject",
  "DeleteObject",
  "CopyObject",
  "CreateMultipartUpload",
  "UploadPart",
  "CommitMultipartUpload",
  "AbortMultipartUpload",
]);

/** Operations whose body is not part of the signature. */
export const unsignedBodies: ReadonlySet<OciOperation> = new Set(["PutObject", "UploadPart"]);
