import type { StorageError } from "../../errors.ts";
import type { NetworkProfile } from "../../network/network-profile.ts";
import type { Clock, Random } from "../../telemetry/clock.ts";
import { withRetries } from "../retry.ts";
import { readText } from "./body-text.ts";
import { discard, type HttpAnswer, HttpClient, type HttpContext } from "./http-client.ts";
import { protocolFailure } from "./protocol-failure.ts";
import { RateGate } from "./rate-gate.ts";

export interface ApiClientOptions {
  readonly provider: string;
  readonly network: NetworkProfile;
  readonly clock: Clock;
  readonly random: Random;
  /** The bearer token that is valid now; undefined for none. */
  readonly token: (options: {
    readonly signal?: AbortSignal | undefined;
    readonly forceRefresh?: boolean;
  }) => Promise<string | undefined>;
  /** Sent with every request. */
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds that an answer, good or bad, asks to wait before the next request; undefined for none. */
  readonly pauseOf: (answer: Pick<HttpAnswer, "status" | "headers">, now: number) => number | undefined;
  /** Milliseconds that requests wait for a new window. */
  readonly maxWaitMs: number;
  /** What the reader can do who meets the service's limits. */
  readonly limitHint: string;
}

/** An answer that refuses, with as much of its body as says why. */
export interface ApiRefusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly sentToken: boolean;
}

export interface ApiRequest extends HttpContext {
  readonly url: string;
  /** Name of the request budget that it draws on. */
  readonly budget: string;
  /** What an answer of status 400 and above means. */
  readonly explain: (refusal: ApiRefusal) => StorageError;
  readonly accept?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface JsonAnswer {
  readonly value: unknown;
  readonly headers: Readonly<Record<string, string>>;
}

/** Bytes of a page of a listing, which has at most 1,000 entries of at most a few KiB each. */
const maxJsonBytes = 16 * 1024 * 1024;
const maxRefusalBytes = 64 * 1024;
/** First pause after a refusal that names none; doubles with every further one, in milliseconds. */
const unnamedPauseMs = 5_000;
const maxUnnamedPauseMs = 60_000;
/** Windows are counted in whole seconds. */
const roundingMs = 1_000;

/** Requests to a service's web API: authorised, repeated while that helps, paused as the service asks. */
export class ApiClient {
  readonly #options: ApiClientOptions;
  readonly #client: HttpClient;
  readonly #gates = new Map<string, RateGate>();
  readonly #unnamedPauses = new Map<string, number>();

  constructor(options: ApiClientOptions) {
    this.#options = options;
    this.#client = new HttpClient(options.network);
  }

  /** A JSON document. */
  json(request: ApiRequest): Promise<JsonAnswer> {
    return this.#repeat(request, async () => {
      const answer = await this.#ask(request, "GET");
      const text = await readText(answer, request, maxJsonBytes);
      try {
        return { value: JSON.parse(text) as unknown, headers: answer.headers };
      } catch {
        throw protocolFailure(request, "the answer is not JSON", "Check the endpoint, and proxies on the way.");
      }
    });
  }

  /** An answer's head, its body let go; a redirect of HEAD to another origin is given back with its `location`. */
  head(request: ApiRequest, method: "GET" | "HEAD" = "HEAD"): Promise<HttpAnswer> {
    return this.#repeat(request, async () => {
      const answer = await this.#ask(request, method);
      discard(answer);
      return answer;
    });
  }

  /** Ends every request that is still under way. */
  async close(): Promise<void> {
    await this.#client.close();
  }

  #repeat<Result>(request: ApiRequest, attempt: () => Promise<Result>): Promise<Result> {
    const { clock, random, maxWaitMs } = this.#options;
    return withRetries(() => this.#gate(request.budget).run(request, attempt), {
      clock,
      random,
      signal: request.signal,
      maxRetryAfterMs: maxWaitMs,
    });
  }

  async #ask(request: ApiRequest, method: "GET" | "HEAD"): Promise<HttpAnswer> {
    const { signal } = request;
    let token = await this.#options.token({ signal });
    let answer = await this.#send(request, method, token);
    if (answer.status === 401 && token !== undefined) {
      const fresh = await this.#options.token({ signal, forceRefresh: true });
      if (fresh !== token) {
        discard(answer);
        token = fresh;
        answer = await this.#send(request, method, token);
      }
    }
    const { status, headers } = answer;
    const named = this.#options.pauseOf(answer, this.#options.clock.now());
    if (status < 400) {
      this.#unnamedPauses.delete(request.budget);
      if (named !== undefined) this.#pause(request.budget, named);
      return answer;
    }
    const text = await readText(answer, request, maxRefusalBytes).catch(() => "");
    const error = request.explain({ status, headers, text, sentToken: token !== undefined });
    const limited = error.code === "rate_limited";
    const wanted = named ?? (limited ? this.#unnamedPause(request.budget) : undefined);
    throw wanted === undefined ? error : error.with({ retryAfterMs: this.#pause(request.budget, wanted) });
  }

  #send(request: ApiRequest, method: "GET" | "HEAD", token: string | undefined): Promise<HttpAnswer> {
    const { provider, headers } = this.#options;
    const { accept } = request;
    return this.#client.send({
      ...request,
      provider,
      method,
      headers: { ...headers, ...(accept === undefined ? {} : { accept }) },
      originHeaders: token === undefined ? {} : { authorization: `Bearer ${token}` },
      keepOrigin: method === "HEAD",
    });
  }

  /** Closes the budget's gate, a little longer than asked; gives the milliseconds. */
  #pause(budget: string, wantedMs: number): number {
    const pauseMs = wantedMs + roundingMs * this.#options.random();
    this.#gate(budget).coolDown(pauseMs);
    return pauseMs;
  }

  #unnamedPause(budget: string): number {
    const count = this.#unnamedPauses.get(budget) ?? 0;
    this.#unnamedPauses.set(budget, count + 1);
    return Math.min(maxUnnamedPauseMs, unnamedPauseMs * 2 ** count);
  }

  #gate(budget: string): RateGate {
    const known = this.#gates.get(budget);
    if (known !== undefined) return known;
    const { clock, maxWaitMs, limitHint } = this.#options;
    const gate = new RateGate({ clock, maxWaitMs, hint: limitHint });
    this.#gates.set(budget, gate);
    return gate;
  }
}
