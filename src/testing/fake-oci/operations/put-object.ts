import { bytesContent } from "../../content/content.ts";
import type { Answer } from "../../fake-s3/answer.ts";
import type { Bucket, NewObject, StoredObject } from "../bucket.ts";
import { invalidParameter, OciFailure, objectNotFound } from "../oci-failure.ts";
import { type OciRequest, readBody } from "../oci-request.ts";
import type { OperationContext } from "../operation-context.ts";
import { type ExtraChecksum, wholeChecksums } from "../stored-content.ts";

export async function putObject(context: OperationContext): Promise<Answer> {
  const { request, now } = context;
  const bucket = context.bucket();
  if (request.headers.get("content-length") === undefined) {
    throw new OciFailure(411, "ContentLengthRequired", "The Content-Length header is required");
  }
  refuseOverwrite(request, bucket.current(request.name));
  const content = bytesContent(await readBody(request.incoming));
  const extra = extraChecksum(request);
  const checksums = await wholeChecksums(content, extra);
  checkSent(request, checksums);
  const attributes = attributesOf(request.headers);
  const stored = bucket.put(request.name, { ...attributes, content, checksums, lastModified: now });
  return { status: 200, headers: { ...uploadHeaders(stored), "opc-content-md5": checksums.md5 ?? "" } };
}

/** Throws `IfMatchFailed` or `IfNoneMatchFailed`. */
export function refuseOverwrite(request: OciRequest, current: StoredObject | undefined): void {
  const [ifMatch, ifNoneMatch] = [request.headers.get("if-match"), request.headers.get("if-none-match")];
  if (ifNoneMatch === "*" && current !== undefined) {
    throw new OciFailure(412, "IfNoneMatchFailed", `The object '${request.name}' already exists`);
  }
  if (ifMatch !== undefined && ifMatch !== "*" && ifMatch !== current?.etag) {
    throw new OciFailure(412, "IfMatchFailed", "The If-Match header of the request does not match the object's ETag");
  }
}

export function extraChecksum({ headers }: OciRequest): ExtraChecksum {
  const algorithm = headers.get("opc-checksum-algorithm");
  if (algorithm === undefined) return undefined;
  if (algorithm === "CRC32C" || algorithm === "SHA256") return algorithm;
  throw invalidParameter("MissingOrInvalidChecksumType", `The checksum algorithm '${algorithm}' is not supported`);
}

/** Throws when what the sender said of the body is not true. */
export function checkSent(
  { headers }: OciRequest,
  actual: {
    readonly md5?: string | undefined;
    readonly crc32c?: string | undefined;
    readonly sha256?: string | undefined;
  },
): void {
  const pairs = [
    ["content-md5", actual.md5, "UnmatchedContentMD5"],
    ["opc-content-crc32c", actual.crc32c, "UnmatchedContentCRC32C"],
    ["opc-content-sha256", actual.sha256, "UnmatchedContentSHA256"],
  ] as const;
  for (const [name, value, code] of pairs) {
    const sent = headers.get(name);
    if (sent === undefined || sent === value) continue;
    throw invalidParameter(
      code,
      `The computed value of the request body (${value}) does not match the ${name} header (${sent})`,
    );
  }
}

export function attributesOf(
  headers: ReadonlyMap<string, string>,
): Pick<NewObject, "metadata" | "storageTier" | "archivalState"> {
  const kept = ["content-type", "content-language", "content-encoding", "content-disposition", "cache-control"];
  const metadata = [...headers].filter(([name]) => kept.includes(name) || name.startsWith("opc-meta-"));
  const tier = headers.get("storage-tier");
  const storageTier = tier === "Archive" || tier === "InfrequentAccess" ? tier : "Standard";
  return {
    metadata: Object.fromEntries(metadata),
    storageTier,
    archivalState: storageTier === "Archive" ? "Archived" : undefined,
  };
}

export function uploadHeaders({ etag, lastModified, versionId, checksums }: StoredObject): Record<string, string> {
  return {
    etag,
    "last-modified": new Date(lastModified).toUTCString(),
    "version-id": versionId,
    ...(checksums.crc32c === undefined ? {} : { "opc-content-crc32c": checksums.crc32c }),
    ...(checksums.sha256 === undefined ? {} : { "opc-content-sha256": checksums.sha256 }),
  };
}

export function deleteObject(context: OperationContext): Answer {
  const { request, store } = context;
  const bucket: Bucket = context.bucket();
  if (bucket.delete(request.name)) return { status: 204 };
  throw objectNotFound(store.namespace, bucket.name, request.name);
}
