import type { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import { StorageError } from "../../errors.ts";
import { connectionError } from "../../network/connection-error.ts";
import { createDispatcher, type DispatcherOptions } from "../../network/dispatcher.ts";
import type { NetworkProfile } from "../../network/network-profile.ts";
import { abortError, throwIfAborted } from "../cancellation.ts";

/** What a request is for; goes into every error. */
export interface HttpContext {
  readonly operation: string;
  readonly provider?: string | undefined;
  /** Redacted. */
  readonly target: string;
}

export interface HttpRequest extends HttpContext {
  readonly method: "GET" | "HEAD";
  /** Absolute URL, byte for byte as it goes on the wire. */
  readonly url: string;
  /** Fields for whoever answers, such as `range`. Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Fields for this origin only, such as `authorization`: left out once a redirect leads elsewhere. */
  readonly originHeaders?: Readonly<Record<string, string>> | undefined;
  /** Give the answer that redirects to another origin, with its `location`, instead of following it. Default false. */
  readonly keepOrigin?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  /** Lower-case name to value; repeated fields joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  /** Must be read to its end or destroyed. */
  readonly body: Readable;
  /** Where redirects led. Secret: it may be signed. */
  readonly url: string;
  /** Where a redirect leads that was not followed. Secret, too. */
  readonly location?: string | undefined;
}

const maxRedirects = 10;

/** HTTP requests outside the engine: single attempts, redirects followed by our own rules. */
export class HttpClient {
  readonly #dispatcher: Dispatcher;

  constructor(network: NetworkProfile, options: DispatcherOptions = {}) {
    this.#dispatcher = createDispatcher(network, options);
  }

  /**
   * Sends a request and follows redirects, relative ones too. A redirect from https to http is refused.
   *
   * @throws StorageError for everything but an answer; statuses are the caller's to judge.
   */
  async send(request: HttpRequest): Promise<HttpAnswer> {
    let url = request.url;
    let originHeaders = request.originHeaders ?? {};
    for (let redirects = 0; redirects <= maxRedirects; redirects++) {
      const answer = await this.#sendOnce(request, url, { ...request.headers, ...originHeaders });
      if (!isRedirect(answer.status)) return answer;
      discard(answer);
      const next = redirectTarget(answer, request);
      if (new URL(next).origin !== new URL(url).origin) {
        if (request.keepOrigin === true) return { ...answer, location: next };
        originHeaders = {};
      }
      url = next;
    }
    throw protocolError(
      request,
      `it redirects more than ${maxRedirects} times`,
      "Check the address: it may redirect in a circle.",
    );
  }

  /** Ends every request that is still under way. */
  async close(): Promise<void> {
    await this.#dispatcher.destroy();
  }

  async #sendOnce(request: HttpRequest, url: string, headers: Readonly<Record<string, string>>): Promise<HttpAnswer> {
    throwIfAborted(request.signal, request.operation, request.target);
    const { origin, host } = new URL(url);
    try {
      const answer = await this.#dispatcher.request({
        origin,
        path: requestTarget(url),
        method: request.method,
        headers: { "user-agent": "model-agent", "accept-encoding": "identity", accept: "*/*", ...headers },
        signal: request.signal ?? null,
        // undici closes the connection after every HEAD unless it is told not to: a listing sends thousands of them.
        reset: false,
      });
      // A request that is given up fails its body, too, which nobody may be reading then.
      answer.body.on("error", () => {});
      if (request.method === "HEAD") await answer.body.dump();
      return { status: answer.statusCode, headers: flatten(answer.headers), body: answer.body, url };
    } catch (error) {
      throw httpFailure(error, request, host);
    }
  }
}

/** What a request or its body failed with, as a {@link StorageError}. */
export function httpFailure(
  error: unknown,
  request: HttpContext & { readonly signal?: AbortSignal | undefined },
  host: string,
): StorageError {
  const { operation, target, provider } = request;
  if (request.signal?.aborted === true) return abortError(request.signal, operation, target);
  return connectionError(error, { operation, target, provider, host });
}

/** What is read of an unwanted body to keep its connection; a longer one is cut off with the connection. */
const maxDiscardedBytes = 64 * 1024;

/** Lets go of a body that nobody wants. */
export function discard(answer: HttpAnswer): void {
  const { body } = answer;
  const length = Number(answer.headers["content-length"] ?? maxDiscardedBytes);
  if (length > maxDiscardedBytes) {
    body.destroy();
    return;
  }
  let read = 0;
  body.on("data", (chunk: Uint8Array) => {
    read += chunk.length;
    if (read > maxDiscardedBytes) body.destroy();
  });
}

function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

function redirectTarget(answer: HttpAnswer, request: HttpRequest): string {
  const location = answer.headers["location"] ?? "";
  if (location === "" || !URL.canParse(location, answer.url)) {
    throw protocolError(
      request,
      `the server answered ${answer.status} without a usable Location`,
      "Check the address.",
    );
  }
  const next = new URL(location, answer.url);
  next.hash = "";
  if (next.protocol !== "https:" && next.protocol !== "http:") {
    throw protocolError(request, `it redirects to a ${next.protocol} address`, "Check the address.");
  }
  if (next.protocol === "http:" && new URL(answer.url).protocol === "https:") {
    throw protocolError(request, "it redirects from https to http", "Use the http address itself if that is meant.");
  }
  return /^https?:\/\//i.test(location) ? location.replace(/#.*$/, "") : next.href;
}

/** Path and query of an absolute URL, untouched. */
function requestTarget(url: string): string {
  const rest = /^https?:\/\/[^/?#]*([^#]*)/i.exec(url)?.[1] ?? "";
  return rest.startsWith("/") ? rest : `/${rest}`;
}

function flatten(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name.toLowerCase()] = Array.isArray(value) ? value.join(", ") : value;
  }
  return flat;
}

function protocolError(request: HttpContext, detail: string, hint: string): StorageError {
  const { operation, target, provider } = request;
  return new StorageError({ code: "protocol", retry: "permanent", operation, target, provider, detail, hint });
}
