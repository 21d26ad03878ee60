import type { Clock, Random } from "../../../telemetry/clock.ts";
import { describeUri } from "../../../uri/describe-uri.ts";
import { formatUri } from "../../../uri/format-uri.ts";
import type { HttpUri } from "../../../uri/object-uri.ts";
import { discard, type HttpAnswer, type HttpClient, httpFailure } from "../../http/http-client.ts";
import { statusError } from "../../http/status-error.ts";
import { withRetries } from "../../retry.ts";
import { httpError } from "./errors.ts";

export interface HttpRequestsOptions {
  readonly client: HttpClient;
  /** Value of the `Authorization` field; secret. */
  readonly authorization: string | undefined;
  readonly clock: Clock;
  readonly random: Random;
}

export interface TextAnswer {
  readonly text: string;
  readonly json: boolean;
  readonly html: boolean;
  /** Where it came from, redirects followed. */
  readonly url: string;
}

/** Largest index that is read, in bytes: about 200,000 lines of nginx. */
const maxTextBytes = 32 * 1024 * 1024;

/** Requests of the HTTP provider: authorised, repeated while that can help, judged by status. */
export class HttpRequests {
  readonly #options: HttpRequestsOptions;

  constructor(options: HttpRequestsOptions) {
    this.#options = options;
  }

  /**
   * An answer's head; its body is let go. Statuses below 500 other than 408 and 429 are the caller's to judge, the others
   * are repeated and then thrown.
   */
  head(
    operation: string,
    uri: HttpUri,
    request: { readonly method: "HEAD" | "GET"; readonly headers?: Record<string, string> },
    signal: AbortSignal | undefined,
  ): Promise<HttpAnswer> {
    return this.#repeat(signal, async () => {
      const answer = await this.#send(operation, uri, request.method, request.headers ?? {}, signal);
      discard(answer);
      return answer;
    });
  }

  /** A text of at most 32 MiB. Throws what its status means when that is not 200. */
  text(operation: string, uri: HttpUri, accept: string, signal: AbortSignal | undefined): Promise<TextAnswer> {
    return this.#repeat(signal, async () => {
      const answer = await this.#send(operation, uri, "GET", { accept }, signal);
      if (answer.status !== 200) {
        discard(answer);
        throw statusError(answer, this.#context(operation, uri), this.#options.clock.now());
      }
      const type = (answer.headers["content-type"] ?? "").toLowerCase();
      const text = await this.#body(operation, uri, answer, signal);
      const json = /^[^;]*\bjson\b/.test(type) || (!type.startsWith("text/html") && /^\s*[[{]/.test(text));
      return { text, json, html: type.startsWith("text/html") || /^\s*</.test(text), url: answer.url };
    });
  }

  async #send(
    operation: string,
    uri: HttpUri,
    method: "HEAD" | "GET",
    headers: Record<string, string>,
    signal: AbortSignal | undefined,
  ): Promise<HttpAnswer> {
    const { authorization, client, clock } = this.#options;
    const context = this.#context(operation, uri);
    const originHeaders = authorization === undefined ? {} : { authorization };
    const answer = await client.send({ ...context, method, url: formatUri(uri), headers, originHeaders, signal });
    const { status } = answer;
    if (status === 408 || status === 429 || (status >= 500 && status !== 501)) {
      discard(answer);
      throw statusError(answer, context, clock.now());
    }
    return answer;
  }

  async #body(operation: string, uri: HttpUri, answer: HttpAnswer, signal: AbortSignal | undefined): Promise<string> {
    const chunks: Uint8Array[] = [];
    let size = 0;
    try {
      for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
        size += chunk.length;
        if (size > maxTextBytes) {
          const hint = "Give a smaller index, or open its sub-directories one by one.";
          throw httpError("unsupported", operation, uri, `its index is larger than ${maxTextBytes} bytes`, hint);
        }
        chunks.push(chunk);
      }
    } catch (error) {
      throw httpFailure(error, { ...this.#context(operation, uri), signal }, new URL(uri.origin).host);
    }
    return Buffer.concat(chunks).toString("utf8");
  }

  #repeat<Result>(signal: AbortSignal | undefined, attempt: () => Promise<Result>): Promise<Result> {
    const { clock, random } = this.#options;
    return withRetries(attempt, { clock, random, signal });
  }

  #context(operation: string, uri: HttpUri) {
    return { operation, provider: "http", target: describeUri(uri) };
  }
}
