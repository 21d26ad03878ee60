import { type Answer, xmlAnswer } from "../answer.ts";
import type { Bucket } from "../bucket.ts";
import { checksumAlgorithms, checksumHeader } from "../checksum.ts";
import { versionHeaders } from "../object-headers.ts";
import type { OperationContext } from "../operation-context.ts";
import { receiveCheckedText } from "../receive-body.ts";
import { invalidRequest, malformedXml } from "../s3-failure.ts";
import { element, elementsNamed, optionalElement, resultDocument, textOf } from "../xml.ts";

const maxKeys = 1000;

export function deleteObject(context: OperationContext): Answer {
  const bucket = context.bucket();
  const { key, parameters } = context.request;
  const removed = remove(bucket, key, parameters.get("versionId"), context.now);
  return { status: 204, headers: versionHeaders(bucket, removed) };
}

export async function deleteObjects(context: OperationContext): Promise<Answer> {
  const bucket = context.bucket();
  const { headers } = context.request;
  const announced = headers.get("x-amz-trailer")?.startsWith("x-amz-checksum-") ?? false;
  const vouched = headers.has("content-md5") || checksumAlgorithms.some((name) => headers.has(checksumHeader(name)));
  if (!vouched && !announced) throw invalidRequest("Missing required header for this request: Content-MD5");
  const xml = await receiveCheckedText(context);
  const wanted = elementsNamed(xml, "Object").map((inner) => ({
    key: textOf(inner, "Key"),
    versionId: textOf(inner, "VersionId"),
  }));
  if (wanted.length === 0 || wanted.length > maxKeys) throw malformedXml();
  const quiet = textOf(xml, "Quiet") === "true";
  const deleted = wanted.map(({ key, versionId }) => {
    if (key === undefined || key === "") throw malformedXml();
    const removed = remove(bucket, key, versionId, context.now);
    const marker = removed?.deleteMarker ?? false;
    return element("Deleted", [
      element("Key", key),
      ...optionalElement("VersionId", versionId),
      ...optionalElement("DeleteMarker", marker ? true : undefined),
      ...optionalElement("DeleteMarkerVersionId", marker ? removed?.versionId : undefined),
    ]);
  });
  return xmlAnswer(resultDocument("DeleteResult", quiet ? [] : deleted));
}

function remove(bucket: Bucket, key: string, versionId: string | undefined, now: number): ReturnType<Bucket["delete"]> {
  return versionId === undefined ? bucket.delete(key, now) : bucket.deleteVersion(key, versionId);
}
