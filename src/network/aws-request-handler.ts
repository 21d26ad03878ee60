import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import type { NodeHttpHandler, NodeHttpHandlerOptions } from "@smithy/node-http-handler";
import type { Dispatcher } from "undici";

type HandlerRequest = Parameters<NodeHttpHandler["handle"]>[0];
type HandlerOptions = NonNullable<Parameters<NodeHttpHandler["handle"]>[1]>;
type HandlerResult = Awaited<ReturnType<NodeHttpHandler["handle"]>>;

/** What the AWS SDK takes as `requestHandler`. */
export type AwsRequestHandler = Pick<
  NodeHttpHandler,
  "handle" | "destroy" | "metadata" | "updateHttpClientConfig" | "httpHandlerConfigs"
>;

/**
 * Headers that belong to the connection and are undici's to write. `expect` too: undici cannot wait for a 100, and a server
 * must not insist on being waited for (RFC 9110, section 10.1.1). None of them is part of a signature.
 */
const connectionHeaders: ReadonlySet<string> = new Set([
  "connection",
  "expect",
  "keep-alive",
  "transfer-encoding",
  "upgrade",
]);

/** How the SDK's retry classification names undici's errors. */
const sdkNames: Readonly<Record<string, { readonly name?: string; readonly code?: string }>> = {
  UND_ERR_CONNECT_TIMEOUT: { name: "TimeoutError" },
  UND_ERR_HEADERS_TIMEOUT: { name: "TimeoutError" },
  UND_ERR_BODY_TIMEOUT: { name: "TimeoutError" },
  UND_ERR_SOCKET: { code: "ECONNRESET" },
};

/**
 * Lets AWS SDK clients send their requests through a dispatcher, so that they respect its proxies and authorities. Bodies
 * stream in both directions. The dispatcher stays its creator's to close: SDK clients share it.
 */
export function createAwsRequestHandler(dispatcher: Dispatcher): AwsRequestHandler {
  return {
    metadata: { handlerProtocol: "http/1.1" },
    handle: (request, options = {}) => send(dispatcher, request, options),
    destroy: () => {},
    updateHttpClientConfig: () => {},
    httpHandlerConfigs: (): NodeHttpHandlerOptions => ({}),
  };
}

async function send(dispatcher: Dispatcher, request: HandlerRequest, options: HandlerOptions): Promise<HandlerResult> {
  const signal = options.abortSignal as AbortSignal | undefined;
  if (signal?.aborted) throw abortError(signal);
  try {
    const answer = await dispatcher.request({
      origin: originOf(request),
      path: pathOf(request),
      method: request.method as Dispatcher.HttpMethod,
      headers: Object.fromEntries(
        Object.entries(request.headers).filter(([name]) => !connectionHeaders.has(name.toLowerCase())),
      ),
      body: bodyOf(request.body),
      signal: signal ?? null,
      ...(options.requestTimeout === undefined ? {} : { headersTimeout: options.requestTimeout }),
    });
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(answer.headers)) {
      if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(", ") : value;
    }
    return { response: { statusCode: answer.statusCode, headers, body: answer.body } };
  } catch (error) {
    throw signal?.aborted ? abortError(signal) : sdkError(error);
  }
}

function originOf(request: HandlerRequest): string {
  const port = request.port === undefined || Number.isNaN(request.port) ? "" : `:${request.port}`;
  return `${request.protocol}//${request.hostname}${port}`;
}

/** Path and query exactly as the signature covers them: names sorted, RFC 3986 escapes. */
function pathOf(request: HandlerRequest): string {
  const pairs: string[] = [];
  for (const name of Object.keys(request.query).sort()) {
    const value = request.query[name];
    if (value === undefined) continue;
    if (value === null) pairs.push(escapeUri(name));
    else for (const single of [value].flat()) pairs.push(`${escapeUri(name)}=${escapeUri(single)}`);
  }
  return pairs.length === 0 ? request.path : `${request.path}?${pairs.join("&")}`;
}

function escapeUri(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

function bodyOf(body: unknown): string | Uint8Array | Readable | null {
  if (body === undefined || body === null) return null;
  if (typeof body === "string" || body instanceof Uint8Array || body instanceof Readable) return body;
  if (body instanceof ArrayBuffer) return new Uint8Array(body);
  if (ArrayBuffer.isView(body)) return new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
  if (body instanceof globalThis.ReadableStream) return Readable.fromWeb(body as ReadableStream);
  return Readable.from(body as AsyncIterable<Uint8Array>);
}

function abortError(signal: AbortSignal): Error {
  return Object.assign(new Error("Request aborted", { cause: signal.reason }), { name: "AbortError" });
}

function sdkError(error: unknown): unknown {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return error;
  const known = sdkNames[error.code];
  return known === undefined ? error : Object.assign(new Error(error.message, { cause: error }), known);
}
