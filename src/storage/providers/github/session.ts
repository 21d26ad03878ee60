import type { GithubCredentials } from "../../../auth/github/credentials.ts";
import type { NetworkProfile } from "../../../network/network-profile.ts";
import type { Clock, Random } from "../../../telemetry/clock.ts";
import type { Logger } from "../../../telemetry/logger.ts";
import { describeUri } from "../../../uri/describe-uri.ts";
import type { GithubUri } from "../../../uri/object-uri.ts";
import { ApiClient, type ApiRefusal, type JsonAnswer } from "../../http/api-client.ts";
import { pauseOf } from "./rate-limit.ts";
import { explainRefusal, limitHint } from "./refusal.ts";

export interface GithubSessionOptions {
  /** Root of the REST API without a trailing slash. */
  readonly endpoint: string;
  readonly credentials: GithubCredentials;
  readonly network: NetworkProfile;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** What a request to GitHub is about. */
export interface GithubContext {
  readonly operation: string;
  readonly uri: GithubUri;
  readonly signal?: AbortSignal | undefined;
}

/** Primary limits are reset once an hour; only the end of one, and secondary limits, are waited for. */
const maxWaitMs = 6 * 60_000;
/** The version of the API that is spoken (https://docs.github.com/en/rest/about-the-rest-api/api-versions). */
const apiVersion = { "x-github-api-version": "2022-11-28" };

/** Address, login and requests that all calls of one client share. */
export class GithubSession {
  readonly endpoint: string;
  readonly credentials: GithubCredentials;
  readonly network: NetworkProfile;
  readonly logger: Logger;
  readonly #clock: Clock;
  readonly #api: ApiClient;

  constructor({ endpoint, credentials, network, clock, random, logger }: GithubSessionOptions) {
    this.endpoint = endpoint;
    this.credentials = credentials;
    this.network = network;
    this.logger = logger;
    this.#clock = clock;
    this.#api = new ApiClient({
      provider: "github",
      network,
      clock,
      random,
      token: (options) => credentials.resolve(options),
      headers: apiVersion,
      pauseOf,
      maxWaitMs,
      limitHint,
    });
  }

  /** Address below the URI's repository; `below` starts with a slash, its parts already encoded. */
  repositoryUrl({ owner, repository }: GithubUri, below: string): string {
    return `${this.endpoint}/repos/${owner}/${repository}${below}`;
  }

  json({ operation, uri, signal }: GithubContext, url: string): Promise<JsonAnswer> {
    const context = { operation, provider: "github", target: describeUri(uri) };
    const explain = (refusal: ApiRefusal) =>
      explainRefusal(refusal, { ...context, uri, tokenSource: this.credentials.source, now: this.#clock.now() });
    const accept = "application/vnd.github+json";
    return this.#api.json({ ...context, url, budget: "core", accept, signal, explain });
  }

  async close(): Promise<void> {
    await this.#api.close();
  }
}
