import { compareKeys } from "../fake-s3/bucket.ts";
import { jsonAnswer, type WebAnswer } from "../loopback/web-answer.ts";
import type { Bucket } from "./bucket.ts";
import { objectResource } from "./object-resource.ts";

/** A page of a listing: prefix, delimiter, startOffset (included), endOffset (excluded), opaque page tokens. */
export function listObjects(url: string, bucket: Bucket, parameters: URLSearchParams, maxPageSize: number): WebAnswer {
  const prefix = parameters.get("prefix") ?? "";
  const delimiter = parameters.get("delimiter") ?? "";
  const startOffset = parameters.get("startOffset") ?? "";
  const endOffset = parameters.get("endOffset");
  const after = Buffer.from(parameters.get("pageToken") ?? "", "base64url").toString("utf8");
  const limit = Math.min(Number(parameters.get("maxResults") ?? maxPageSize), maxPageSize);
  const items: unknown[] = [];
  const groups: string[] = [];
  let last: string | undefined;
  let more = false;
  for (const key of bucket.keys()) {
    if (!key.startsWith(prefix) || compareKeys(key, startOffset) < 0) continue;
    if (endOffset !== null && compareKeys(key, endOffset) >= 0) continue;
    const end = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
    const entry = end < 0 ? key : key.slice(0, end + delimiter.length);
    if (entry === last || (after !== "" && compareKeys(entry, after) <= 0)) continue;
    if (items.length + groups.length >= limit) {
      more = true;
      break;
    }
    last = entry;
    const object = bucket.get(key);
    if (end >= 0) groups.push(entry);
    else if (object !== undefined) items.push(objectResource(url, bucket.options.name, object));
  }
  return jsonAnswer({
    kind: "storage#objects",
    ...(more && last !== undefined ? { nextPageToken: Buffer.from(last).toString("base64url") } : {}),
    ...(groups.length === 0 ? {} : { prefixes: groups }),
    ...(items.length === 0 ? {} : { items }),
  });
}
