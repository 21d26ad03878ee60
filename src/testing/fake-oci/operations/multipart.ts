import { bytesContent, type Content, joinedContent } from "../../content/content.ts";
import type { Answer } from "../../fake-s3/answer.ts";
import type { UploadedPart } from "../object-store.ts";
import { invalidParameter, OciFailure } from "../oci-failure.ts";
import { readBody } from "../oci-request.ts";
import { jsonAnswer, type OperationContext } from "../operation-context.ts";
import { partChecksums, wholeChecksums } from "../stored-content.ts";
import { attributesOf, checkSent, extraChecksum, refuseOverwrite, uploadHeaders } from "./put-object.ts";

export function createMultipartUpload(context: OperationContext): Answer {
  const { request, store, now } = context;
  const bucket = context.bucket();
  const details = parseBody(context);
  const { object } = details;
  if (typeof object !== "string" || object === "")
    throw invalidParameter("MissingObjectName", "The object has no name");
  refuseOverwrite({ ...request, name: object }, bucket.current(object));
  const headers = new Map<string, string>();
  for (const name of ["contentType", "contentEncoding", "contentLanguage", "cacheControl", "storageTier"]) {
    const value = details[name];
    if (typeof value === "string")
      headers.set(
        name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
        value,
      );
  }
  for (const [name, value] of Object.entries((details["metadata"] ?? {}) as Record<string, string>))
    headers.set(name, value);
  const upload = store.createUpload({
    bucket: bucket.name,
    object,
    algorithm: extraChecksum(request),
    attributes: attributesOf(headers),
  });
  const { id: uploadId } = upload;
  const timeCreated = new Date(now).toISOString();
  return jsonAnswer({ namespace: store.namespace, bucket: bucket.name, object, uploadId, timeCreated });
}

export async function uploadPart(context: OperationContext): Promise<Answer> {
  const { request, store } = context;
  const upload = store.upload(request.parameters.get("uploadId"), context.bucket().name, request.name);
  const number = Number(request.parameters.get("uploadPartNum"));
  if (!Number.isInteger(number) || number < 1 || number > 10_000) {
    throw invalidParameter("InvalidUploadPartNumber", "The part number must be between 1 and 10,000");
  }
  const bytes = await readBody(request.incoming);
  const content = bytesContent(bytes);
  const checksums = await wholeChecksums(content, upload.algorithm ?? extraChecksum(request));
  checkSent(request, checksums);
  const part: UploadedPart = {
    number,
    content,
    etag: crypto.randomUUID(),
    md5: Buffer.from(checksums.md5 ?? "", "base64"),
  };
  upload.parts.set(number, part);
  return { status: 200, headers: { etag: part.etag, "opc-content-md5": checksums.md5 ?? "" } };
}

export async function commitMultipartUpload(context: OperationContext): Promise<Answer> {
  const { request, store, now } = context;
  const bucket = context.bucket();
  const upload = store.upload(request.parameters.get("uploadId"), bucket.name, request.name);
  const parts = partsToCommit(context, upload.parts);
  refuseOverwrite(request, bucket.current(request.name));
  const content = joinedContent(parts);
  const checksums = await partChecksums(parts, content, upload.algorithm);
  const stored = bucket.put(request.name, { ...upload.attributes, content, checksums, lastModified: now });
  store.uploads.delete(upload.id);
  return { status: 200, headers: { ...uploadHeaders(stored), "opc-multipart-md5": checksums.multipartMd5 ?? "" } };
}

export function abortMultipartUpload(context: OperationContext): Answer {
  const { request, store } = context;
  const upload = store.upload(request.parameters.get("uploadId"), context.bucket().name, request.name);
  store.uploads.delete(upload.id);
  return { status: 204 };
}

function partsToCommit(context: OperationContext, uploaded: ReadonlyMap<number, UploadedPart>): readonly Content[] {
  const { partsToCommit: wanted } = parseBody(context);
  if (!Array.isArray(wanted) || wanted.length === 0)
    throw invalidParameter("InvalidUploadPart", "There are no parts to commit");
  const parts = (wanted as readonly { readonly partNum?: unknown; readonly etag?: unknown }[]).map(
    ({ partNum, etag }) => {
      const part = uploaded.get(Number(partNum));
      if (part === undefined || part.etag !== etag)
        throw invalidParameter("InvalidUploadPart", `Part ${String(partNum)} is not as given`);
      return part;
    },
  );
  if (parts.some(({ number }, index) => number <= (parts[index - 1]?.number ?? 0))) {
    throw invalidParameter("InvalidUploadPartOrder", "The parts must be in ascending order");
  }
  const least = context.options.minPartSize ?? 10 * 1024 * 1024;
  if (parts.slice(0, -1).some(({ content }) => content.size < least)) {
    throw new OciFailure(400, "InvalidUploadPart", `Every part but the last must have at least ${least} bytes`);
  }
  return parts.map(({ content }) => content);
}

export function parseBody({ body }: OperationContext): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(body?.toString("utf8") ?? "");
    if (typeof parsed === "object" && parsed !== null) return { ...parsed };
  } catch {
    // Answered below.
  }
  throw invalidParameter("InvalidJSON", "The request body is not valid JSON");
}
