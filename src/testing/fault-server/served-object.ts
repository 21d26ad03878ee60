import { createHash } from "node:crypto";
import { bytesContent, type Content } from "../content/content.ts";

const sampleSize = 4096;

/** What a path of the fault server holds. */
export interface ServedObject {
  readonly content: Content;
  /** With its quotes. Defaults to one made of the size and the first and last bytes. */
  readonly etag?: string | undefined;
  readonly contentType?: string | undefined;
  /** Further headers of every answer, in any case. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** What {@link FaultServer.put} takes for an object. */
export type ObjectLike = ServedObject | Content | Uint8Array | string;

/** The object with its etag. */
export function toServedObject(value: ObjectLike): ServedObject {
  const object = withContent(value);
  return { etag: defaultEtag(object.content), ...object };
}

function withContent(value: ObjectLike): ServedObject {
  if (typeof value === "string" || value instanceof Uint8Array) return { content: bytesContent(value) };
  return "content" in value ? value : { content: value };
}

function defaultEtag(content: Content): string {
  const sample = new Uint8Array(Math.min(sampleSize, content.size));
  content.read(0, sample);
  const hash = createHash("md5").update(String(content.size)).update(sample);
  content.read(content.size - sample.length, sample);
  return `"${hash.update(sample).digest("hex")}-1"`;
}
