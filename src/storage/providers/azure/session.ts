import type { ContainerClient } from "@azure/storage-blob";
import type { AzureCredentials } from "../../../auth/azure/credentials.ts";
import { createDispatcher } from "../../../network/dispatcher.ts";
import type { NetworkProfile } from "../../../network/network-profile.ts";
import type { Clock, Random } from "../../../telemetry/clock.ts";
import type { AzureUri } from "../../../uri/object-uri.ts";
import type { RangeDigests } from "../../digest.ts";
import { withRetries } from "../../retry.ts";
import { rangeDigestsOf } from "./digests.ts";
import { toAzureError } from "./errors.ts";
import { containerClient } from "./sdk-request.ts";
import { type AzureAction, ServiceFailure } from "./service-failure.ts";
import { type AccountAddress, type AzureSettings, addressOf, checkDestination } from "./settings.ts";

export interface SessionOptions {
  readonly settings: AzureSettings;
  readonly credentials: AzureCredentials;
  readonly network: NetworkProfile;
  readonly clock: Clock;
  readonly random: Random;
}

/** What one request is for. */
export interface Call {
  readonly action: AzureAction;
  readonly uri: AzureUri;
  readonly signal?: AbortSignal | undefined;
  /** Only answers that came are tried again, not lost ones: for requests that must not take effect twice. */
  readonly onlyAnswered?: boolean | undefined;
}

/**
 * Sends requests through the SDK with everything that all of them share: the account's address, one retry loop, one refresh
 * of a refused token, errors in our terms.
 */
export class AzureSession {
  readonly credentials: AzureCredentials;
  readonly network: NetworkProfile;
  readonly clock: Clock;
  /** What reads of blobs without a digest can be proven by. */
  readonly rangeDigests: readonly RangeDigests[];
  readonly #settings: AzureSettings;
  readonly #random: Random;
  readonly #dispatcher: ReturnType<typeof createDispatcher>;

  constructor(options: SessionOptions) {
    this.credentials = options.credentials;
    this.network = options.network;
    this.clock = options.clock;
    this.rangeDigests = rangeDigestsOf(options.settings.rangeChecksums);
    this.#settings = options.settings;
    this.#random = options.random;
    this.#dispatcher = createDispatcher(options.network);
  }

  /** The address of a URI's account, checked to be one that the login may be shown to. */
  address(uri: AzureUri): AccountAddress {
    const address = addressOf(this.#settings, uri);
    checkDestination(address, this.#settings, this.credentials, uri);
    return address;
  }

  /** Runs requests until they succeed, or fails with a StorageError. `send` may be called again. */
  async run<Output>(call: Call, send: (container: ContainerClient) => Promise<Output>): Promise<Output> {
    const { clock } = this;
    return withRetries(() => this.#attempt(call, send), { clock, random: this.#random, signal: call.signal });
  }

  async close(): Promise<void> {
    await this.#dispatcher.destroy();
  }

  /** One request, and a second one with a fresh token when the first was refused. */
  async #attempt<Output>(call: Call, send: (container: ContainerClient) => Promise<Output>): Promise<Output> {
    const { uri, signal, action } = call;
    const { credentials, clock } = this;
    const { account, url } = this.address(uri);
    for (let refreshed = false; ; refreshed = true) {
      const access = await credentials.resolve({ signal, forceRefresh: refreshed });
      const dispatcher = this.#dispatcher;
      try {
        return await send(containerClient({ account, url: `${url}/${uri.container}`, dispatcher, access, signal }));
      } catch (error) {
        if (!refreshed && access?.kind === "token" && error instanceof ServiceFailure && error.status === 401) continue;
        const failure = toAzureError(error, {
          operation: action,
          uri,
          account,
          host: new URL(url).host,
          authType: credentials.authType,
          now: clock.now(),
          signal,
        });
        throw call.onlyAnswered && failure.httpStatus === undefined ? failure.with({ retry: "permanent" }) : failure;
      }
    }
  }
}
