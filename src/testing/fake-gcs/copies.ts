import { joinedContent } from "../content/content.ts";
import { jsonAnswer, type WebAnswer } from "../loopback/web-answer.ts";
import type { Bucket } from "./bucket.ts";
import type { GcsRequest } from "./gcs-request.ts";
import { newObject, objectResource } from "./object-resource.ts";
import { checkPreconditions, requireGeneration } from "./preconditions.ts";

/** Copies an object; what is larger than `rewriteSize` takes several requests that a token ties together. */
export function rewriteObject(
  url: string,
  request: GcsRequest,
  from: Bucket,
  to: Bucket,
  rewriteSize: number,
  now: number,
): WebAnswer {
  const { parameters, bucket, object, destination } = request;
  const source = requireGeneration(from.get(object), parameters.get("sourceGeneration"), bucket, object);
  const key = destination?.object ?? "";
  checkPreconditions(parameters, source, "ifSource");
  checkPreconditions(parameters, to.get(key));
  const size = source.content.size;
  const before = Number(Buffer.from(parameters.get("rewriteToken") ?? "", "base64url").toString("utf8"));
  const done = Math.min(size, before + rewriteSize);
  const progress = { kind: "storage#rewriteResponse", totalBytesRewritten: String(done), objectSize: String(size) };
  if (done < size) {
    const rewriteToken = Buffer.from(String(done)).toString("base64url");
    return jsonAnswer({ ...progress, done: false, rewriteToken });
  }
  const { generation: _own, ...kept } = source;
  const copy = to.put({ ...kept, key, updated: now });
  return jsonAnswer({ ...progress, done: true, resource: objectResource(url, to.options.name, copy) });
}

/** Makes one object of several: it has a CRC32C and no MD5. */
export async function composeObject(
  url: string,
  request: GcsRequest,
  bucket: Bucket,
  body: Buffer,
  now: number,
): Promise<WebAnswer> {
  const { sourceObjects, destination = {} } = JSON.parse(body.toString("utf8")) as {
    readonly sourceObjects: readonly { readonly name: string }[];
    readonly destination?: Readonly<Record<string, unknown>>;
  };
  const parts = sourceObjects.map(({ name }) => {
    return requireGeneration(bucket.get(name), null, bucket.options.name, name).content;
  });
  checkPreconditions(request.parameters, bucket.get(request.object));
  const object = await newObject(request.object, joinedContent(parts), destination, now);
  return jsonAnswer(objectResource(url, bucket.options.name, bucket.put({ ...object, md5: undefined })));
}
