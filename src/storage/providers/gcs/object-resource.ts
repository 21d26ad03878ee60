import type { GcsUri } from "../../../uri/object-uri.ts";
import type { Digest } from "../../digest.ts";
import type { ObjectInfo } from "../../storage.ts";
import { gcsError } from "./errors.ts";
import type { GcsAction } from "./service-failure.ts";

/** Algorithms that the service states, strongest evidence first. */
export const gcsDigestAlgorithms: readonly string[] = ["md5", "crc32c"];

/** Fields that are asked for of every object. */
export const objectFields = "name,size,generation,etag,updated,contentType,contentEncoding,md5Hash,crc32c";

/** An object resource (https://cloud.google.com/storage/docs/json_api/v1/objects#resource) in our terms. */
export function describeObject(operation: GcsAction, place: GcsUri, resource: unknown): ObjectInfo {
  const fields = (typeof resource === "object" && resource !== null ? resource : {}) as Readonly<
    Record<string, unknown>
  >;
  const { name: key, contentType, etag, updated } = fields;
  const size = Number(fields["size"]);
  if (typeof key !== "string" || !Number.isSafeInteger(size) || size < 0) {
    const detail = "an object in the answer has no usable name or size";
    throw gcsError("protocol", { operation, uri: place }, detail, "Check the endpoint.").with({ retry: "permanent" });
  }
  const generation = fields["generation"];
  return {
    uri: { ...place, key },
    key,
    size,
    etag: text(etag),
    version: generation === undefined ? undefined : String(generation),
    lastModified: typeof updated === "string" ? new Date(updated) : undefined,
    contentType: text(contentType),
    contentEncoding: storedEncoding(fields["contentEncoding"]),
    digests: digestsOf(fields),
    digestsFinal: true,
    directoryMarker: size === 0 && key.endsWith("/"),
  };
}

/** CRC32C is there for every object, MD5 for those that were not composed of others. */
function digestsOf({ md5Hash, crc32c }: Readonly<Record<string, unknown>>): readonly Digest[] {
  const md5 = hexOf(md5Hash, 16);
  const crc = hexOf(crc32c, 4);
  return [
    ...(md5 === undefined ? [] : [{ kind: "full", algorithm: "md5", value: md5, confidence: "stated" } as const]),
    ...(crc === undefined ? [] : [{ kind: "full", algorithm: "crc32c", value: crc, confidence: "stated" } as const]),
  ];
}

function hexOf(base64: unknown, bytes: number): string | undefined {
  const value = typeof base64 === "string" ? Buffer.from(base64, "base64") : undefined;
  return value?.length === bytes ? value.toString("hex") : undefined;
}

function storedEncoding(value: unknown): string | undefined {
  const encoding = text(value)?.trim();
  return encoding === undefined || encoding === "" || encoding.toLowerCase() === "identity" ? undefined : encoding;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
