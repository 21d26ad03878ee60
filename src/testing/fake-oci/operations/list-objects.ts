import type { Answer } from "../../fake-s3/answer.ts";
import { compareKeys } from "../../fake-s3/bucket.ts";
import type { StoredObject } from "../bucket.ts";
import { invalidParameter } from "../oci-failure.ts";
import { jsonAnswer, type OperationContext } from "../operation-context.ts";

const knownFields = ["name", "size", "etag", "md5", "timeCreated", "timeModified", "storageTier", "archivalState"];

/** Only the names unless `fields` asks for more; pages go on at `nextStartWith`, inclusive. */
export function listObjects(context: OperationContext): Answer {
  const { parameters } = context.request;
  const prefix = parameters.get("prefix") ?? "";
  const delimiter = parameters.get("delimiter") ?? "";
  const fields = (parameters.get("fields") ?? "name").split(",");
  const unknown = fields.find((field) => !knownFields.includes(field));
  if (unknown !== undefined) throw invalidParameter("InvalidAttributeName", `Unknown attribute '${unknown}'`);
  if (delimiter !== "" && delimiter !== "/") throw invalidParameter("InvalidParameter", "Only '/' is a delimiter");
  const limit = Math.min(limitOf(parameters.get("limit")), context.options.maxPageSize ?? 1000);
  const [start, after, end] = [parameters.get("start"), parameters.get("startAfter"), parameters.get("end")];

  const bucket = context.bucket();
  const objects: Record<string, unknown>[] = [];
  const prefixes: string[] = [];
  let nextStartWith: string | undefined;
  for (const key of bucket.keys()) {
    if (!key.startsWith(prefix)) continue;
    if (start !== undefined && compareKeys(key, start) < 0) continue;
    if (after !== undefined && compareKeys(key, after) <= 0) continue;
    if (end !== undefined && compareKeys(key, end) >= 0) break;
    const cut = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
    const group = cut < 0 ? undefined : key.slice(0, cut + 1);
    if (group !== undefined && prefixes.at(-1) === group) continue;
    if (objects.length + prefixes.length === limit) {
      nextStartWith = key;
      break;
    }
    const object = bucket.current(key);
    if (group !== undefined) prefixes.push(group);
    else if (object !== undefined) objects.push(summary(key, object, fields));
  }
  return jsonAnswer({
    objects,
    ...(delimiter === "" ? {} : { prefixes }),
    ...(nextStartWith === undefined ? {} : { nextStartWith }),
  });
}

function limitOf(text: string | undefined): number {
  const limit = Number(text ?? 1000);
  if (Number.isInteger(limit) && limit >= 1 && limit <= 1000) return limit;
  throw invalidParameter("InvalidLimit", "The limit must be between 1 and 1000");
}

function summary(name: string, object: StoredObject, fields: readonly string[]): Record<string, unknown> {
  const modified = new Date(object.lastModified).toISOString();
  const values: Readonly<Record<string, unknown>> = {
    name,
    size: object.content.size,
    etag: object.etag,
    md5: object.checksums.md5 ?? object.checksums.multipartMd5,
    timeCreated: modified,
    timeModified: modified,
    storageTier: object.storageTier,
    archivalState: object.archivalState,
  };
  return Object.fromEntries(["name", ...fields].map((field) => [field, values[field]]));
}
