import type { Dispatcher } from "undici";
import type { ResolveOptions } from "../../../auth/caching.ts";
import type { GcpCredentials, GcpToken } from "../../../auth/gcp/credentials.ts";
import { isStorageError, type StorageError } from "../../../errors.ts";
import { connectionError } from "../../../network/connection-error.ts";
import { createDispatcher } from "../../../network/dispatcher.ts";
import type { NetworkProfile } from "../../../network/network-profile.ts";
import type { Clock, Random } from "../../../telemetry/clock.ts";
import type { Logger } from "../../../telemetry/logger.ts";
import { describeUri } from "../../../uri/describe-uri.ts";
import type { GcsUri } from "../../../uri/object-uri.ts";
import { abortError, throwIfAborted } from "../../cancellation.ts";
import { withRetries } from "../../retry.ts";
import { gcsError, refusalError } from "./errors.ts";
import { type GcsAction, readFailure } from "./service-failure.ts";
import type { GcsSettings } from "./settings.ts";
import { StoredEncodings } from "./stored-encodings.ts";

export interface SessionOptions {
  readonly settings: GcsSettings;
  readonly credentials: GcpCredentials;
  readonly network: NetworkProfile;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** One request to the API. */
export interface Call {
  readonly action: GcsAction;
  readonly uri: GcsUri;
  readonly signal?: AbortSignal | undefined;
  readonly method?: "GET" | "POST" | "PUT" | "DELETE";
  /** Below the endpoint, encoded; or an absolute URL that the service gave. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  /** Statuses that are answers besides 2xx. */
  readonly accept?: readonly number[];
  /** Only answers that came are tried again, not lost ones: for requests that must not take effect twice. */
  readonly onlyAnswered?: boolean | undefined;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** Sends requests with everything that all of them share: login, who pays, one retry loop, errors in our terms. */
export class GcsSession {
  readonly settings: GcsSettings;
  readonly credentials: GcpCredentials;
  readonly network: NetworkProfile;
  readonly clock: Clock;
  readonly encodings = new StoredEncodings();
  readonly #random: Random;
  readonly #logger: Logger;
  readonly #dispatcher: Dispatcher;
  /** Buckets that charge whoever asks, and whom they charge. */
  readonly #payers = new Map<string, string>();

  constructor({ settings, credentials, network, clock, random, logger }: SessionOptions) {
    this.settings = settings;
    this.credentials = credentials;
    this.network = network;
    this.clock = clock;
    this.#random = random;
    this.#logger = logger;
    this.#dispatcher = createDispatcher(network);
  }

  get host(): string {
    return new URL(this.settings.endpoint).host;
  }

  /** The project that requests on a bucket are charged to. */
  userProject(bucket: string): string | undefined {
    return this.settings.userProject ?? this.#payers.get(bucket);
  }

  /** The token that is valid now. Logins have a retry loop of their own: what they give up is not begun again. */
  async login(options: ResolveOptions): Promise<GcpToken | undefined> {
    try {
      return await this.credentials.resolve(options);
    } catch (error) {
      throw isStorageError(error) && error.retry === "temporary" ? error.with({ retry: "exhausted" }) : error;
    }
  }

  /** Sends until it succeeds, or fails with a StorageError. */
  send(call: Call): Promise<Answer> {
    const { signal } = call;
    return withRetries(() => this.sendOnce(call), { clock: this.clock, random: this.#random, signal });
  }

  /** As {@link send}, for an answer in JSON. */
  async json(call: Call): Promise<Readonly<Record<string, unknown>>> {
    const { text } = await this.send(call);
    try {
      const value: unknown = JSON.parse(text);
      if (typeof value === "object" && value !== null) return value as Readonly<Record<string, unknown>>;
    } catch {
      // An answer without JSON is told below.
    }
    const hint = "Check the endpoint: it has to be the address of the JSON API.";
    const context = { operation: call.action, uri: call.uri };
    throw gcsError("protocol", context, `the answer of ${this.host} is not one of Cloud Storage`, hint).with({
      retry: "permanent",
    });
  }

  /** One attempt; a token that is refused is renewed once, a bucket that wants a payer gets one once. */
  async sendOnce(call: Call): Promise<Answer> {
    const { signal, action, uri } = call;
    throwIfAborted(signal, action, describeUri(uri));
    let login = await this.login({ signal });
    let renewed = false;
    for (;;) {
      const payer = this.userProject(uri.bucket);
      const answer = await this.#exchange(call, login?.token);
      if (answer.status < 300 || call.accept?.includes(answer.status) === true) return answer;
      if (answer.status === 401 && login !== undefined && !renewed) {
        renewed = true;
        const fresh = await this.login({ signal, forceRefresh: true });
        if (fresh?.token !== login.token) {
          login = fresh;
          continue;
        }
      }
      const error = this.#refusal(call, answer);
      if (error.code === "config_invalid" && (await this.#findPayer(call, error, payer))) continue;
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#dispatcher.destroy();
  }

  /** Whether a request that wants a payer, and had none, can be sent again with one. */
  async #findPayer({ uri, signal }: Call, error: StorageError, had: string | undefined): Promise<boolean> {
    if (!/charges whoever reads it/.test(error.detail) || had !== undefined) return false;
    if (this.userProject(uri.bucket) !== undefined) return true;
    const project = this.settings.project ?? (await this.credentials.quotaProject(signal));
    if (project === undefined) return false;
    this.#payers.set(uri.bucket, project);
    this.#logger.info(
      { provider: "gcs", bucket: uri.bucket, project },
      "the bucket charges its readers; the project pays",
    );
    return true;
  }

  async #exchange(call: Call, token: string | undefined): Promise<Answer> {
    const { action, uri, signal, method = "GET", headers = {}, body } = call;
    const url = this.#url(call);
    const context = { operation: action, target: describeUri(uri), provider: "gcs", host: url.host };
    // A session's URL is a credential of its own, and needs no other.
    const own = url.origin === new URL(this.settings.endpoint).origin;
    try {
      const answer = await this.#dispatcher.request({
        origin: url.origin,
        path: url.pathname + url.search,
        method,
        headers: {
          "user-agent": "model-agent",
          accept: "*/*",
          ...headers,
          ...(token === undefined || !own ? {} : { authorization: `Bearer ${token}` }),
        },
        body: body ?? null,
        signal: signal ?? null,
      });
      return { status: answer.statusCode, headers: flatten(answer.headers), text: await answer.body.text() };
    } catch (error) {
      if (isStorageError(error)) throw error;
      if (signal?.aborted === true) throw abortError(signal, action, context.target);
      const failure = connectionError(error, context);
      throw call.onlyAnswered === true ? failure.with({ retry: "permanent" }) : failure;
    }
  }

  #url({ path, query = {}, uri }: Call): URL {
    if (/^https?:/.test(path)) return new URL(path);
    const url = new URL(this.settings.endpoint + path);
    const userProject = this.userProject(uri.bucket);
    for (const [name, value] of Object.entries({ ...query, userProject })) {
      if (value !== undefined) url.searchParams.set(name, value);
    }
    return url;
  }

  #refusal({ action, uri }: Call, { status, headers, text }: Answer): StorageError {
    return refusalError(readFailure(status, headers, text), {
      operation: action,
      uri,
      host: this.host,
      authType: this.credentials.authType,
      now: this.clock.now(),
    });
  }
}

/** `/storage/v1/b/{bucket}/o[/{key}]`; every byte of the key that could mean something else is encoded. */
export function objectPath(uri: Pick<GcsUri, "bucket" | "key">): string {
  const object = uri.key === "" ? "" : `/${encodeURIComponent(uri.key)}`;
  return `/storage/v1/b/${encodeURIComponent(uri.bucket)}/o${object}`;
}

function flatten(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name.toLowerCase()] = Array.isArray(value) ? value.join(", ") : value;
  }
  return flat;
}
