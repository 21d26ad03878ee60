import { createHmac } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Content } from "../content/content.ts";
import { rangeAnswer } from "./range-answer.ts";
import { type Listener, startListener } from "./start-listener.ts";
import type { WebAnswer } from "./web-answer.ts";

export interface SignedRequest {
  readonly method: string;
  /** Name of the content. */
  readonly id: string;
  readonly range: string | undefined;
  readonly status: number;
}

/** What a signed store answers instead of the content, decided by the request. */
export type SignedInterceptor = (
  request: Pick<SignedRequest, "method" | "id" | "range">,
) => WebAnswer | "disconnect" | undefined;

export interface SignedStoreOptions {
  /** Epoch milliseconds. */
  readonly clock: () => number;
  readonly intercept?: SignedInterceptor | undefined;
}

const key = "a key that only this server knows";

/** A content delivery network on an origin of its own: it serves what was signed, for as long as the signature holds. */
export class SignedStore {
  /** Every request, in order of arrival. */
  readonly requests: SignedRequest[] = [];
  /** `Authorization` and cookies that came here and should not have. */
  readonly leaks: string[] = [];
  readonly #contents = new Map<string, { readonly content: Content; readonly etag: string }>();
  readonly #options: SignedStoreOptions;
  readonly #listener: Listener;

  private constructor(options: SignedStoreOptions, listener: Listener) {
    this.#options = options;
    this.#listener = listener;
  }

  static async start(options: SignedStoreOptions): Promise<SignedStore> {
    let store: SignedStore | undefined;
    const listener = await startListener((request) => store?.answer(request) ?? { status: 503 });
    store = new SignedStore(options, listener);
    return store;
  }

  get url(): string {
    return this.#listener.url;
  }

  put(id: string, content: Content, etag: string): void {
    this.#contents.set(id, { content, etag });
  }

  /** An address that is good until `expires` (epoch seconds). */
  sign(id: string, expires: number): string {
    const path = `/${encodeURIComponent(id)}`;
    return `${this.url}${path}?Expires=${expires}&Signature=${signature(path, expires)}&Key-Pair-Id=TESTKEY`;
  }

  answer(incoming: IncomingMessage): WebAnswer | "disconnect" {
    const { method = "GET", headers } = incoming;
    const url = new URL(incoming.url ?? "/", this.url);
    const id = decodeURIComponent(url.pathname.slice(1));
    const request = { method, id, range: headers.range };
    for (const name of ["authorization", "cookie"] as const) {
      if (headers[name] !== undefined) this.leaks.push(`${name} for ${id}`);
    }
    const answer = this.#options.intercept?.(request) ?? this.#serve(request, url);
    this.requests.push({ ...request, status: answer === "disconnect" ? 0 : answer.status });
    return answer;
  }

  async close(): Promise<void> {
    await this.#listener.close();
  }

  #serve({ id, range }: { readonly id: string; readonly range: string | undefined }, url: URL): WebAnswer {
    const expires = Number(url.searchParams.get("Expires"));
    const good = url.searchParams.get("Signature") === signature(url.pathname, expires);
    if (!good || expires * 1000 <= this.#options.clock()) {
      return {
        status: 403,
        headers: { "content-type": "application/xml" },
        body: "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>",
      };
    }
    const held = this.#contents.get(id);
    if (held === undefined) return { status: 404, body: "<Error><Code>NoSuchKey</Code></Error>" };
    return rangeAnswer(held.content, range, { etag: held.etag });
  }
}

function signature(path: string, expires: number): string {
  return createHmac("sha256", key).update(`${path}\n${expires}`).digest("base64url");
}
