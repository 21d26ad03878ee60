import { randomUUID } from "node:crypto";
import { bytesContent } from "../content/content.ts";
import { jsonAnswer, type WebAnswer } from "../loopback/web-answer.ts";
import type { Bucket } from "./bucket.ts";
import { GcsFailure } from "./gcs-failure.ts";
import type { GcsRequest } from "./gcs-request.ts";
import { newObject, objectResource } from "./object-resource.ts";
import { checkPreconditions } from "./preconditions.ts";

type Metadata = Readonly<Record<string, unknown>>;

interface Session {
  readonly bucket: Bucket;
  readonly key: string;
  readonly metadata: Metadata;
  readonly parameters: URLSearchParams;
  readonly pieces: Buffer[];
  size: number;
  finished: WebAnswer | undefined;
}

/** Pieces of resumable uploads but the last are multiples of this. */
const grain = 256 * 1024;

/** The three kinds of upload (https://cloud.google.com/storage/docs/uploads-downloads). */
export class Uploads {
  readonly #sessions = new Map<string, Session>();

  /** Resumable uploads begun, and neither finished nor cancelled. */
  get unfinished(): number {
    return [...this.#sessions.values()].filter(({ finished }) => finished === undefined).length;
  }

  async begin(request: GcsRequest, bucket: Bucket, body: Buffer, url: string, now: number): Promise<WebAnswer> {
    const { parameters, headers } = request;
    const type = parameters.get("uploadType");
    if (type === "multipart") {
      const { metadata, bytes } = readMultipart(headers["content-type"] ?? "", body);
      return store(url, bucket, nameOf(request, metadata), metadata, bytes, parameters, now);
    }
    if (type === "media") {
      return store(url, bucket, request.object, { contentType: headers["content-type"] }, body, parameters, now);
    }
    if (type !== "resumable") throw new GcsFailure(400, "invalid", "Unknown upload type.");
    const metadata = body.length === 0 ? {} : (JSON.parse(body.toString("utf8")) as Metadata);
    const contentType = metadata["contentType"] ?? headers["x-upload-content-type"];
    const key = nameOf(request, metadata);
    checkPreconditions(parameters, bucket.get(key));
    const id = randomUUID();
    const session = { bucket, key, metadata: { ...metadata, contentType }, parameters, pieces: [], size: 0 };
    this.#sessions.set(id, { ...session, finished: undefined });
    const path = `/upload/storage/v1/b/${encodeURIComponent(bucket.options.name)}/o`;
    const location = `${url}${path}?uploadType=resumable&upload_id=${id}`;
    return { status: 200, headers: { location, "x-guploader-uploadid": id } };
  }

  /** `Content-Range: bytes a-b/total`, with `*` for what is not known yet, or a question by a range of `*`. */
  async go(request: GcsRequest, body: Buffer, url: string, now: number): Promise<WebAnswer> {
    const session = this.#session(request);
    if (session.finished !== undefined) return session.finished;
    const range = request.headers["content-range"] ?? `bytes 0-${body.length - 1}/${body.length}`;
    const match = /^bytes (?:(\d+)-(\d+|\*)|\*)\/(\d+|\*)$/.exec(range);
    if (match === null) throw new GcsFailure(400, "invalid", `Failed to parse Content-Range header: ${range}`);
    const [, first, , total] = match;
    if (first !== undefined) {
      const start = Number(first);
      if (start > session.size) throw new GcsFailure(503, "backendError", "Bytes are missing before this range.");
      const last = total !== "*" && start + body.length === Number(total);
      const fresh = body.subarray(session.size - start);
      const kept = last ? fresh.length : fresh.length - ((session.size + fresh.length) % grain);
      if (kept > 0) session.pieces.push(fresh.subarray(0, kept));
      session.size += Math.max(0, kept);
    }
    if (total !== "*" && session.size === Number(total)) {
      const { bucket, key, metadata, pieces, parameters } = session;
      const answer = await store(url, bucket, key, metadata, Buffer.concat(pieces), parameters, now);
      session.finished = answer;
      return answer;
    }
    return { status: 308, headers: session.size === 0 ? {} : { range: `bytes=0-${session.size - 1}` } };
  }

  cancel(request: GcsRequest): WebAnswer {
    this.#session(request);
    this.#sessions.delete(request.parameters.get("upload_id") ?? "");
    return { status: 499 };
  }

  #session({ parameters }: GcsRequest): Session {
    const session = this.#sessions.get(parameters.get("upload_id") ?? "");
    if (session === undefined) throw new GcsFailure(404, "notFound", "No such upload.");
    return session;
  }
}

async function store(
  url: string,
  bucket: Bucket,
  key: string,
  metadata: Metadata,
  bytes: Uint8Array,
  parameters: URLSearchParams,
  now: number,
): Promise<WebAnswer> {
  const object = await newObject(key, bytesContent(bytes), metadata, now);
  checkPreconditions(parameters, bucket.get(key));
  return jsonAnswer(objectResource(url, bucket.options.name, bucket.put(object)));
}

function nameOf({ object }: GcsRequest, metadata: Metadata): string {
  return object !== "" ? object : typeof metadata["name"] === "string" ? metadata["name"] : "";
}

/** `multipart/related`: metadata in JSON, then the bytes (RFC 2387). */
function readMultipart(contentType: string, body: Buffer): { readonly metadata: Metadata; readonly bytes: Buffer } {
  const boundary = /boundary=["']?([^"';]+)["']?/.exec(contentType)?.[1];
  if (boundary === undefined) throw new GcsFailure(400, "badContent", "Missing boundary.");
  const marker = Buffer.from(`--${boundary}`);
  const second = body.indexOf(marker, marker.length);
  const third = body.lastIndexOf(marker);
  // Clients end lines by LF alone, too.
  const crlf = body.subarray(marker.length, marker.length + 2).toString() === "\r\n";
  const blank = Buffer.from(crlf ? "\r\n\r\n" : "\n\n");
  const metadataStart = body.indexOf(blank) + blank.length;
  const bytesStart = body.indexOf(blank, second) + blank.length;
  if (second < 0 || third <= second) throw new GcsFailure(400, "badContent", "Malformed multipart body.");
  const metadata = JSON.parse(body.subarray(metadataStart, second).toString("utf8")) as Metadata;
  return { metadata, bytes: body.subarray(bytesStart, third - blank.length / 2) };
}
