import type { HuggingFaceCredentials } from "../../../auth/huggingface/credentials.ts";
import type { NetworkProfile } from "../../../network/network-profile.ts";
import type { Clock, Random } from "../../../telemetry/clock.ts";
import type { Logger } from "../../../telemetry/logger.ts";
import { describeUri } from "../../../uri/describe-uri.ts";
import type { HuggingFaceUri } from "../../../uri/object-uri.ts";
import { ApiClient, type ApiRefusal, type ApiRequest, type JsonAnswer } from "../../http/api-client.ts";
import type { HttpAnswer } from "../../http/http-client.ts";
import { hubError } from "./errors.ts";
import { pauseOf } from "./rate-limit.ts";
import { explainRefusal, limitHint } from "./refusal.ts";
import type { HubSettings } from "./settings.ts";

export interface HubSessionOptions {
  readonly settings: HubSettings;
  readonly credentials: HuggingFaceCredentials;
  readonly network: NetworkProfile;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** What a request to the Hub is about. */
export interface HubContext {
  readonly operation: string;
  readonly uri: HuggingFaceUri;
  readonly signal?: AbortSignal | undefined;
}

/** The Hub counts its requests in windows of five minutes; one of them is waited for. */
const maxWaitMs = 6 * 60_000;

/** Settings, login and requests that all calls of one client share. */
export class HubSession {
  readonly settings: HubSettings;
  readonly credentials: HuggingFaceCredentials;
  readonly network: NetworkProfile;
  readonly logger: Logger;
  readonly #clock: Clock;
  readonly #api: ApiClient;

  constructor({ settings, credentials, network, clock, random, logger }: HubSessionOptions) {
    this.settings = settings;
    this.credentials = credentials;
    this.network = network;
    this.logger = logger;
    this.#clock = clock;
    this.#api = new ApiClient({
      provider: "huggingface",
      network,
      clock,
      random,
      token: (options) => credentials.resolve(options),
      headers: {},
      pauseOf,
      maxWaitMs,
      limitHint,
    });
  }

  get now(): number {
    return this.#clock.now();
  }

  /** A document of the API. */
  json(context: HubContext, url: string): Promise<JsonAnswer> {
    return this.#api.json(this.#request(context, url, "api"));
  }

  /** An answer's head from the API. */
  check(context: HubContext, url: string): Promise<HttpAnswer> {
    return this.#api.head(this.#request(context, url, "api"), "GET");
  }

  /** The head of a file's address, redirects to other origins not followed. */
  resolve(context: HubContext, url: string): Promise<HttpAnswer> {
    return this.#api.head(this.#request(context, url, "resolvers"));
  }

  /** Fails where the environment forbids every request. */
  requireOnline({ operation, uri }: HubContext): void {
    const { offline } = this.settings;
    if (offline === undefined) return;
    throw hubError(
      "unavailable",
      operation,
      uri,
      `${offline} is set, and nothing is asked of the Hub`,
      `Unset ${offline}, or read the model from a local copy (local://).`,
    );
  }

  async close(): Promise<void> {
    await this.#api.close();
  }

  #request({ operation, uri, signal }: HubContext, url: string, budget: string): ApiRequest {
    const context = { operation, provider: "huggingface", target: describeUri(uri) };
    const { endpoint } = this.settings;
    const explain = (refusal: ApiRefusal) =>
      explainRefusal(refusal, {
        ...context,
        uri,
        endpoint,
        tokenSource: this.credentials.source,
        now: this.#clock.now(),
      });
    return { ...context, url, budget, signal, explain };
  }
}
