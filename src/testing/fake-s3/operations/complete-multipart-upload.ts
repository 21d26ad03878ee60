import { type Answer, xmlAnswer } from "../answer.ts";
import { checksumHeader } from "../checksum.ts";
import { assembleParts, type MultipartUpload, type UploadedPart } from "../multipart-upload.ts";
import { encryptionHeaders, versionHeaders } from "../object-headers.ts";
import type { OperationContext } from "../operation-context.ts";
import { receiveText } from "../receive-body.ts";
import { badDigest, invalidRequest, malformedXml, S3Failure } from "../s3-failure.ts";
import { element, elementsNamed, optionalElement, resultDocument, textOf } from "../xml.ts";
import { findUpload } from "./multipart.ts";
import { checkWriteConditions } from "./put-object.ts";

export async function completeMultipartUpload(context: OperationContext): Promise<Answer> {
  const { request, store, now, quirks } = context;
  const upload = findUpload(context);
  const bucket = context.bucket();
  const parts = namedParts(upload, await receiveText(context), context.minPartSize);
  const assembled = await assembleParts(upload, parts, { now, opaqueEtag: false });
  const declaredSize = request.headers.get("x-amz-mp-object-size");
  if (declaredSize !== undefined && Number(declaredSize) !== assembled.content.size) {
    throw invalidRequest(
      `The provided 'x-amz-mp-object-size' header value ${declaredSize} does not match what was computed: ${assembled.content.size}`,
    );
  }
  if (assembled.checksum !== undefined) {
    const declared = request.headers.get(checksumHeader(assembled.checksum.algorithm));
    if (declared !== undefined && declared !== assembled.checksum.value) {
      throw badDigest(`The ${assembled.checksum.algorithm} you specified did not match the calculated checksum.`);
    }
  }
  checkWriteConditions(bucket, request.key, request.headers);
  store.uploads.delete(upload.id);
  const object = bucket.put(request.key, assembled);
  return xmlAnswer(
    resultDocument("CompleteMultipartUploadResult", [
      element("Location", `http://${request.host}/${bucket.name}/${request.key}`),
      element("Bucket", bucket.name),
      element("Key", request.key),
      element("ETag", quirks.emptyCompleteEtag ? "" : object.etag),
      ...optionalElement(`Checksum${object.checksum?.algorithm ?? ""}`, object.checksum?.value),
      ...optionalElement("ChecksumType", object.checksum?.type),
    ]),
    { ...encryptionHeaders(object), ...versionHeaders(bucket, object) },
  );
}

function namedParts(upload: MultipartUpload, xml: string, minPartSize: number): readonly UploadedPart[] {
  const listed = elementsNamed(xml, "Part");
  if (listed.length === 0) throw malformedXml();
  const parts: UploadedPart[] = [];
  for (const inner of listed) {
    const number = Number(textOf(inner, "PartNumber"));
    const part = upload.parts.get(number);
    if (number <= (parts.at(-1)?.number ?? 0)) {
      throw new S3Failure(
        400,
        "InvalidPartOrder",
        "The list of parts was not in ascending order. Parts must be ordered by part number.",
        { fields: { UploadId: upload.id } },
      );
    }
    const etag = textOf(inner, "ETag")?.replaceAll('"', "");
    if (part === undefined || etag !== part.md5.toString("hex") || !checksumHolds(upload, part, inner)) {
      throw new S3Failure(
        400,
        "InvalidPart",
        "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
        { fields: { UploadId: upload.id, PartNumber: String(number), ETag: etag ?? "" } },
      );
    }
    parts.push(part);
  }
  const small = parts.slice(0, -1).find((part) => part.content.size < minPartSize);
  if (small !== undefined) {
    throw new S3Failure(400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size", {
      fields: {
        ProposedSize: String(small.content.size),
        MinSizeAllowed: String(minPartSize),
        PartNumber: String(small.number),
        ETag: small.md5.toString("hex"),
      },
    });
  }
  return parts;
}

/** A part's checksum may be repeated in the list, and must be when the upload's checksum is a composite that was named. */
function checksumHolds(upload: MultipartUpload, part: UploadedPart, xml: string): boolean {
  if (upload.checksum === undefined) return true;
  const stated = textOf(xml, `Checksum${upload.checksum.algorithm}`);
  if (stated !== undefined) return stated === part.checksum?.toString("base64");
  if (upload.checksumNamed && upload.checksum.type === "COMPOSITE") {
    throw invalidRequest(
      `The upload was created using a ${upload.checksum.algorithm.toLowerCase()} checksum. The complete request must include the checksum for each part. It was missing for part ${part.number} in the request.`,
    );
  }
  return true;
}
