import type { Content } from "../content/content.ts";
import { digestContent } from "../fake-s3/checksum.ts";
import type { NewObject, StoredObject } from "./bucket.ts";
import { GcsFailure } from "./gcs-failure.ts";

/** An object in the API's words; `url` is where the service is. */
export function objectResource(url: string, bucket: string, object: StoredObject): Readonly<Record<string, unknown>> {
  const time = new Date(object.updated).toISOString();
  return {
    kind: "storage#object",
    id: `${bucket}/${object.key}/${object.generation}`,
    name: object.key,
    bucket,
    generation: object.generation,
    metageneration: "1",
    mediaLink: `${url}/download/storage/v1/b/${bucket}/o/${encodeURIComponent(object.key)}?generation=${object.generation}&alt=media`,
    contentType: object.contentType,
    contentEncoding: object.contentEncoding,
    storageClass: "STANDARD",
    size: String(object.content.size),
    md5Hash: object.md5,
    crc32c: object.crc32c,
    etag: etagOf(object),
    timeCreated: time,
    updated: time,
  };
}

export function etagOf({ generation }: StoredObject): string {
  return Buffer.from(`generation ${generation}`).toString("base64");
}

/** An object made of a content; throws where a checksum that came with it is another. */
export async function newObject(
  key: string,
  content: Content,
  metadata: Readonly<Record<string, unknown>>,
  now: number,
): Promise<NewObject> {
  if (key === "" || key === "." || key === ".." || Buffer.byteLength(key) > 1024 || /[\r\n]/.test(key)) {
    throw new GcsFailure(400, "invalid", `Invalid object name: '${key}'`);
  }
  const digests = await digestContent(content, ["MD5", "CRC32C"]);
  const md5 = digests.MD5.toString("base64");
  const crc32c = digests.CRC32C.toString("base64");
  for (const [name, value] of Object.entries({ md5Hash: md5, crc32c })) {
    const declared = metadata[name];
    if (declared === undefined || declared === value) continue;
    const message = `Provided ${name} "${String(declared)}" doesn't match calculated ${name} "${value}".`;
    throw new GcsFailure(400, "invalid", message);
  }
  return {
    key,
    content,
    md5,
    crc32c,
    contentType: text(metadata["contentType"]) ?? "application/octet-stream",
    contentEncoding: text(metadata["contentEncoding"]),
    updated: now,
  };
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
