import { open } from "node:fs/promises";
import { StorageError } from "../errors.ts";
import { fileError } from "./file-error.ts";
import { discard, HttpClient, type HttpContext, httpFailure } from "./http/http-client.ts";
import { statusError } from "./http/status-error.ts";
import { judgeAnswer } from "./judge-answer.ts";
import type { FileReadSource, HttpReadSource, ReadSource } from "./read-source.ts";

/** A half-open range of an object, not empty, in bytes. */
export interface SourceRange {
  readonly start: number;
  readonly end: number;
  /** Size of the object; every answer is checked against it when known. */
  readonly size: number | undefined;
}

export interface SourceReadContext extends HttpContext {
  readonly signal?: AbortSignal | undefined;
  /** Wall-clock milliseconds, for `Retry-After` dates. */
  readonly now: number;
  /** Strong etag of an earlier answer for the same object, which this one must have too; and where to tell this one's. */
  readonly seenEtag?: string | undefined;
  readonly onEtag?: ((etag: string) => void) | undefined;
}

const fileChunkSize = 1024 * 1024;

/**
 * Streams exactly the bytes of the range from where they were located, in one attempt: every answer is checked, a short
 * one ends in `truncated`.
 */
export async function* readFromSource(
  source: ReadSource,
  range: SourceRange,
  context: SourceReadContext,
): AsyncGenerator<Uint8Array> {
  const chunks =
    source.kind === "http"
      ? httpChunks(source, range, context)
      : source.kind === "file"
        ? fileChunks(source, range, context)
        : [source.bytes.subarray(range.start, range.end)];
  let missing = range.end - range.start;
  for await (const chunk of chunks) {
    const wanted = chunk.length > missing ? chunk.subarray(0, missing) : chunk;
    missing -= wanted.length;
    if (wanted.length > 0) yield wanted;
    if (missing === 0) return;
  }
  throw failure(context, "truncated", `it ended ${missing} bytes early`, "Run it again to continue where it broke.");
}

async function* httpChunks(
  source: HttpReadSource,
  range: SourceRange,
  context: SourceReadContext,
): AsyncGenerator<Uint8Array> {
  const client = new HttpClient(source.network, { connections: 1 });
  try {
    const ifMatch = source.ifMatch;
    const own: Record<string, string> = { range: `bytes=${range.start}-${range.end - 1}` };
    if (ifMatch !== undefined) own["if-match"] = ifMatch;
    const storedEncoding = source.expectHeaders?.["content-encoding"];
    if (storedEncoding !== undefined) own["accept-encoding"] = storedEncoding;
    const answer = await client.send({
      ...context,
      method: "GET",
      url: source.url,
      headers: source.dropHeadersOnRedirect ? own : { ...source.headers, ...own },
      originHeaders: source.dropHeadersOnRedirect ? source.headers : undefined,
    });
    if (answer.status !== 200 && answer.status !== 206) {
      discard(answer);
      throw statusError(answer, context, context.now);
    }
    const verdict = judgeAnswer(answer.status, answer.headers, {
      ...range,
      ifMatch: ifMatch ?? context.seenEtag,
      expectHeaders: source.expectHeaders,
    });
    if (!verdict.ok) {
      discard(answer);
      throw failure(context, verdict.code, verdict.detail, hintFor(verdict.code), answer.status);
    }
    const etag = answer.headers["etag"];
    if (etag !== undefined && !etag.startsWith("W/")) context.onEtag?.(etag);
    yield* skipBytes(answer.body, verdict.skip);
  } catch (error) {
    throw httpFailure(error, context, new URL(source.url).host);
  } finally {
    await client.close();
  }
}

async function* skipBytes(body: AsyncIterable<Uint8Array>, count: number): AsyncGenerator<Uint8Array> {
  let left = count;
  for await (const chunk of body) {
    if (chunk.length > left) yield left === 0 ? chunk : chunk.subarray(left);
    left = Math.max(0, left - chunk.length);
  }
}

async function* fileChunks(
  source: FileReadSource,
  range: SourceRange,
  context: SourceReadContext,
): AsyncGenerator<Uint8Array> {
  const file = await open(source.path, "r").catch((error: unknown) => {
    throw fileError(error, context);
  });
  try {
    const { size } = await file.stat();
    if (range.size !== undefined && size !== range.size) {
      throw failure(
        context,
        "precondition_failed",
        `it has ${size} bytes now, ${range.size} were expected`,
        describeAgain,
      );
    }
    for (let position = range.start; position < range.end; ) {
      const chunk = Buffer.allocUnsafe(Math.min(fileChunkSize, range.end - position));
      const { bytesRead } = await file.read(chunk, 0, chunk.length, position);
      if (bytesRead === 0) return;
      position += bytesRead;
      yield chunk.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

const describeAgain = "It changed since it was described: describe it again and start over.";

function hintFor(code: StorageError["code"]): string {
  return code === "precondition_failed"
    ? describeAgain
    : "Something between here and the source rewrites answers: check proxies, or use another source.";
}

function failure(
  context: HttpContext,
  code: StorageError["code"],
  detail: string,
  hint: string,
  httpStatus?: number,
): StorageError {
  const { operation, provider, target } = context;
  return new StorageError({ code, operation, provider, target, detail, hint, httpStatus });
}
