import { type Answer, xmlAnswer } from "../answer.ts";
import { checksumAlgorithms, checksumHeader, digestContent } from "../checksum.ts";
import type { MultipartUpload, UploadedPart } from "../multipart-upload.ts";
import { encryptionHeaders, uploadAttributes } from "../object-headers.ts";
import type { OperationContext } from "../operation-context.ts";
import { receiveBody } from "../receive-body.ts";
import { invalidArgument, invalidRequest } from "../s3-failure.ts";
import { defaultType } from "../seed-object.ts";
import { element, optionalElement, resultDocument } from "../xml.ts";
import { copiedContent } from "./copy-object.ts";
import { checkKey } from "./put-object.ts";

const maxPartNumber = 10_000;
const listLimit = 1000;

export function createMultipartUpload(context: OperationContext): Answer {
  const { request, store, now } = context;
  const bucket = context.bucket();
  checkKey(request.key);
  const upload = store.createUpload({
    bucket: bucket.name,
    key: request.key,
    initiatedAt: now,
    checksum: context.quirks.noChecksums ? undefined : uploadChecksum(request.headers),
    checksumNamed: request.headers.has("x-amz-checksum-algorithm"),
    attributes: uploadAttributes(request.headers),
  });
  return xmlAnswer(
    resultDocument("InitiateMultipartUploadResult", [
      element("Bucket", bucket.name),
      element("Key", request.key),
      element("UploadId", upload.id),
    ]),
    {
      ...(upload.checksum === undefined
        ? {}
        : {
            "x-amz-checksum-algorithm": upload.checksum.algorithm,
            "x-amz-checksum-type": upload.checksum.type,
          }),
      ...encryptionHeaders(upload.attributes),
    },
  );
}

function uploadChecksum(headers: ReadonlyMap<string, string>): NonNullable<MultipartUpload["checksum"]> {
  const named = headers.get("x-amz-checksum-algorithm")?.toUpperCase();
  if (named === undefined) return { algorithm: "CRC64NVME", type: "FULL_OBJECT" };
  const algorithm = checksumAlgorithms.find((name) => name === named);
  if (algorithm === undefined) throw invalidRequest("Checksum algorithm provided is unsupported.");
  const type = headers.get("x-amz-checksum-type")?.toUpperCase() ?? defaultType(algorithm);
  if (type !== "COMPOSITE" && type !== "FULL_OBJECT")
    throw invalidRequest("Value for x-amz-checksum-type header is invalid.");
  const only = algorithm === "CRC64NVME" ? "FULL_OBJECT" : algorithm.startsWith("SHA") ? "COMPOSITE" : type;
  if (only !== type) {
    throw invalidRequest(
      `The ${type} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`,
    );
  }
  return { algorithm, type };
}

export async function uploadPart(context: OperationContext): Promise<Answer> {
  const upload = findUpload(context);
  const number = partNumber(context);
  const body = await receiveBody(context, upload.checksum?.algorithm);
  const { checksum } = body;
  if (checksum !== undefined && upload.checksum !== undefined && checksum.algorithm !== upload.checksum.algorithm) {
    throw invalidRequest(
      `Checksum Type mismatch occurred, expected checksum Type: ${upload.checksum.algorithm.toLowerCase()}, actual checksum Type: ${checksum.algorithm.toLowerCase()}`,
    );
  }
  upload.parts.set(number, {
    number,
    content: body.content,
    md5: body.md5,
    checksum: checksum?.value,
    lastModified: context.now,
  });
  return {
    status: 200,
    headers: {
      etag: `"${body.md5.toString("hex")}"`,
      ...(checksum === undefined ? {} : { [checksumHeader(checksum.algorithm)]: checksum.value.toString("base64") }),
      ...encryptionHeaders(upload.attributes),
    },
  };
}

export async function uploadPartCopy(context: OperationContext): Promise<Answer> {
  const upload = findUpload(context);
  const number = partNumber(context);
  const content = copiedContent(context);
  const algorithm = upload.checksum?.algorithm;
  const digests = await digestContent(content, algorithm === undefined ? ["MD5"] : ["MD5", algorithm]);
  const checksum = algorithm === undefined ? undefined : digests[algorithm];
  upload.parts.set(number, { number, content, md5: digests.MD5, checksum, lastModified: context.now });
  return xmlAnswer(
    resultDocument("CopyPartResult", [
      element("LastModified", new Date(context.now).toISOString()),
      element("ETag", `"${digests.MD5.toString("hex")}"`),
      ...optionalElement(`Checksum${algorithm ?? ""}`, checksum?.toString("base64")),
    ]),
  );
}

export function abortMultipartUpload(context: OperationContext): Answer {
  context.store.uploads.delete(findUpload(context).id);
  return { status: 204 };
}

export function listParts(context: OperationContext): Answer {
  const upload = findUpload(context);
  const { parameters } = context.request;
  const maxParts = Math.min(Number(parameters.get("max-parts") ?? listLimit), listLimit);
  const marker = Number(parameters.get("part-number-marker") ?? 0);
  const behind = sortedParts(upload).filter((part) => part.number > marker);
  const page = behind.slice(0, maxParts);
  const { checksum } = upload;
  return xmlAnswer(
    resultDocument("ListPartsResult", [
      element("Bucket", upload.bucket),
      element("Key", upload.key),
      element("UploadId", upload.id),
      element("PartNumberMarker", marker),
      element("NextPartNumberMarker", page.at(-1)?.number ?? 0),
      element("MaxParts", maxParts),
      element("IsTruncated", behind.length > page.length),
      ...optionalElement("ChecksumAlgorithm", checksum?.algorithm),
      ...optionalElement("ChecksumType", checksum?.type),
      element("StorageClass", upload.attributes.storageClass),
      ...page.map((part) =>
        element("Part", [
          element("PartNumber", part.number),
          element("LastModified", new Date(part.lastModified).toISOString()),
          element("ETag", `"${part.md5.toString("hex")}"`),
          element("Size", part.content.size),
          ...optionalElement(`Checksum${checksum?.algorithm ?? ""}`, part.checksum?.toString("base64")),
        ]),
      ),
    ]),
  );
}

export function listMultipartUploads(context: OperationContext): Answer {
  const bucket = context.bucket();
  const uploads = [...context.store.uploads.values()].filter((upload) => upload.bucket === bucket.name);
  return xmlAnswer(
    resultDocument("ListMultipartUploadsResult", [
      element("Bucket", bucket.name),
      element("MaxUploads", listLimit),
      element("IsTruncated", false),
      ...uploads.map((upload) =>
        element("Upload", [
          element("Key", upload.key),
          element("UploadId", upload.id),
          element("Initiated", new Date(upload.initiatedAt).toISOString()),
        ]),
      ),
    ]),
  );
}

/** Throws `NoSuchUpload`. */
export function findUpload(context: OperationContext): MultipartUpload {
  const { request, store } = context;
  return store.upload(request.parameters.get("uploadId") ?? "", context.bucket().name, request.key);
}

function sortedParts(upload: MultipartUpload): readonly UploadedPart[] {
  return [...upload.parts.values()].sort((a, b) => a.number - b.number);
}

function partNumber({ request }: OperationContext): number {
  const given = request.parameters.get("partNumber") ?? "";
  const number = Number(given);
  if (/^\d+$/.test(given) && number >= 1 && number <= maxPartNumber) return number;
  throw invalidArgument(
    `Part number must be an integer between 1 and ${maxPartNumber}, inclusive`,
    "partNumber",
    given,
  );
}
