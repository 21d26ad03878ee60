import type { IncomingMessage } from "node:http";
import type { FakeGcsRequest } from "./fake-gcs-options.ts";
import { GcsFailure } from "./gcs-failure.ts";

/** What a request asks for. */
export type GcsOperation =
  | "get bucket"
  | "list"
  | "get"
  | "media"
  | "delete"
  | "rewrite"
  | "compose"
  | "upload"
  | "continue upload"
  | "cancel upload";

/** A request taken apart. */
export interface GcsRequest extends FakeGcsRequest {
  readonly operation: GcsOperation;
  /** Of a rewrite. */
  readonly destination: { readonly bucket: string; readonly object: string } | undefined;
}

/**
 * Takes a request apart: `/storage/v1/b/{bucket}[/o[/{object}[/compose|/rewriteTo/b/{bucket}/o/{object}]]]`, the same behind
 * `/upload` and `/download`, or the XML API's `/{bucket}/{object}`.
 */
export function readRequest(incoming: IncomingMessage): GcsRequest {
  const target = incoming.url ?? "/";
  const question = target.indexOf("?");
  const path = question < 0 ? target : target.slice(0, question);
  const parameters = new URLSearchParams(question < 0 ? "" : target.slice(question + 1));
  const method = incoming.method ?? "GET";
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers)) headers[name] = String(value);
  const common = { method, target, parameters, headers, destination: undefined };
  const api = /^\/(?:(upload|download)\/)?storage\/v1\/b\/([^/]+)(?:\/o(?:\/(.*))?)?$/.exec(path);
  if (api === null) {
    const [bucket = "", ...key] = path.slice(1).split("/");
    if (!["GET", "HEAD"].includes(method)) throw new GcsFailure(400, "invalid", "The XML API of this fake only reads.");
    return { ...common, operation: "media", media: true, bucket: decode(bucket), object: decode(key.join("/")) };
  }
  const [, service, bucketText = "", rest = ""] = api;
  const bucket = decode(bucketText);
  if (service === "upload") {
    const operation = { PUT: "continue upload", DELETE: "cancel upload" }[method] as GcsOperation | undefined;
    const object = parameters.get("name") ?? "";
    return { ...common, operation: operation ?? "upload", media: false, bucket, object };
  }
  const [objectText = "", verb, ...more] = rest.split("/");
  const object = decode(objectText);
  const media = method === "GET" && object !== "" && (parameters.get("alt") === "media" || service === "download");
  const at = { ...common, media, bucket, object };
  if (verb === "rewriteTo" || verb === "copyTo") {
    const destination = { bucket: decode(more[1] ?? ""), object: decode(more[3] ?? "") };
    return { ...at, operation: "rewrite", destination };
  }
  if (verb === "compose") return { ...at, operation: "compose" };
  if (object === "") return { ...at, operation: /\/o\/?$/.test(path) ? "list" : "get bucket" };
  if (method === "DELETE") return { ...at, operation: "delete" };
  return { ...at, operation: media ? "media" : "get" };
}

/** The body as it came. */
export async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of incoming) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new GcsFailure(400, "invalid", "The URI is not well-formed");
  }
}
