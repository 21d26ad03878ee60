import { type Answer, xmlAnswer } from "../answer.ts";
import type { StoredObject } from "../bucket.ts";
import { findObject } from "../find-object.ts";
import { httpDate, versionHeaders } from "../object-headers.ts";
import type { OperationContext } from "../operation-context.ts";
import { invalidArgument, notImplemented } from "../s3-failure.ts";
import { element, optionalElement, resultDocument } from "../xml.ts";

const partsLimit = 1000;

export function getObjectAttributes(context: OperationContext): Answer {
  if (context.quirks.refuseAttributes) throw notImplemented("attributes");
  const { bucket, object } = findObject(context);
  const { headers } = context.request;
  const wanted = (headers.get("x-amz-object-attributes") ?? "").split(",").map((name) => name.trim());
  const known = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"];
  if (wanted.some((name) => !known.includes(name))) {
    throw invalidArgument("Invalid attribute name specified.", "x-amz-object-attributes", wanted.join(","));
  }
  const has = (name: string): boolean => wanted.includes(name);
  return xmlAnswer(
    resultDocument("GetObjectAttributesResponse", [
      ...optionalElement("ETag", has("ETag") ? object.etag.replaceAll('"', "") : undefined),
      ...(has("Checksum") && !context.quirks.noChecksums ? checksumElement(object) : []),
      ...(has("ObjectParts") ? partsElement(object, headers) : []),
      ...optionalElement("StorageClass", has("StorageClass") ? object.storageClass : undefined),
      ...optionalElement("ObjectSize", has("ObjectSize") ? object.content.size : undefined),
    ]),
    { "last-modified": httpDate(object.lastModified), ...versionHeaders(bucket, object) },
  );
}

function checksumElement({ checksum }: StoredObject): readonly string[] {
  if (checksum === undefined) return [];
  return [
    element("Checksum", [
      // Unlike the header, the element has no part count behind a composite value.
      element(`Checksum${checksum.algorithm}`, checksum.value.replace(/-\d+$/, "")),
      element("ChecksumType", checksum.type),
    ]),
  ];
}

/** The parts themselves are only told when the upload named a checksum algorithm; their number always is. */
function partsElement(object: StoredObject, headers: ReadonlyMap<string, string>): readonly string[] {
  const { parts, checksum } = object;
  if (parts === undefined) return [];
  const maxParts = Math.min(Number(headers.get("x-amz-max-parts") ?? partsLimit), partsLimit);
  const marker = Number(headers.get("x-amz-part-number-marker") ?? 0);
  const told = checksum !== undefined && parts.every((part) => part.checksum !== undefined);
  const behind = told ? parts.filter((part) => part.number > marker) : [];
  const page = behind.slice(0, maxParts);
  const truncated = behind.length > page.length;
  return [
    element("ObjectParts", [
      element("PartsCount", parts.length),
      ...(told
        ? [
            element("PartNumberMarker", marker),
            element("NextPartNumberMarker", page.at(-1)?.number ?? 0),
            element("MaxParts", maxParts),
            element("IsTruncated", truncated),
          ]
        : []),
      ...page.map((part) =>
        element("Part", [
          element("PartNumber", part.number),
          element("Size", part.size),
          ...optionalElement(`Checksum${checksum?.algorithm ?? ""}`, part.checksum),
        ]),
      ),
    ]),
  ];
}
