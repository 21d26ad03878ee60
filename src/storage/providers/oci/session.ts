import type { ObjectStorageClient } from "oci-objectstorage";
import { type Caching, createCaching, type Expiring } from "../../../auth/caching.ts";
import { clockSkew } from "../../../auth/oci/clock-skew.ts";
import type { OciCredentials, OciHome } from "../../../auth/oci/credentials.ts";
import { resolveRegion } from "../../../auth/oci/regions.ts";
import { createDispatcher } from "../../../network/dispatcher.ts";
import type { NetworkProfile } from "../../../network/network-profile.ts";
import type { Clock, Random } from "../../../telemetry/clock.ts";
import type { Logger } from "../../../telemetry/logger.ts";
import { describeUri } from "../../../uri/describe-uri.ts";
import type { OciUri } from "../../../uri/object-uri.ts";
import { throwIfAborted } from "../../cancellation.ts";
import type { Environment } from "../../provider-definition.ts";
import { withRetries } from "../../retry.ts";
import { ociError, toOciError } from "./errors.ts";
import { sdkRequest } from "./sdk-request.ts";
import { type OciAction, type OciContext, ServiceFailure } from "./service-failure.ts";
import type { OciSettings } from "./settings.ts";

export interface SessionOptions {
  readonly settings: OciSettings;
  /** Undefined with a pre-authenticated request. */
  readonly credentials: OciCredentials | undefined;
  readonly env: Environment;
  readonly network: NetworkProfile;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** What one request is for. */
export interface Call {
  readonly action: OciAction;
  readonly uri: OciUri;
  readonly signal?: AbortSignal | undefined;
  /** Only answers that came are tried again, not lost ones: for requests that must not take effect twice. */
  readonly onlyAnswered?: boolean | undefined;
}

/** Where an object is: what every request for it names. */
export interface Place {
  readonly namespaceName: string;
  readonly bucketName: string;
}

interface FoundNamespace extends Expiring {
  readonly namespace: string;
}

/** Where requests of a region go. */
interface Address {
  readonly endpoint: string;
  /** Identifier; undefined where an endpoint was given and nothing names the region. */
  readonly region: string | undefined;
}

/**
 * Sends requests through the SDK with everything that all of them share: the region's endpoint, the tenancy's namespace, one
 * retry loop, one refresh of refused credentials, errors in our terms.
 */
export class OciSession {
  readonly settings: OciSettings;
  readonly credentials: OciCredentials | undefined;
  readonly network: NetworkProfile;
  readonly clock: Clock;
  readonly #env: Environment;
  readonly #random: Random;
  readonly #logger: Logger;
  readonly #dispatcher: ReturnType<typeof createDispatcher>;
  /** Namespaces that were asked for, by endpoint. */
  readonly #namespaces = new Map<string, Caching<FoundNamespace>>();
  readonly #archived = new Set<string>();

  constructor(options: SessionOptions) {
    this.settings = options.settings;
    this.credentials = options.credentials;
    this.network = options.network;
    this.clock = options.clock;
    this.#env = options.env;
    this.#random = options.random;
    this.#logger = options.logger;
    this.#dispatcher = createDispatcher(options.network);
  }

  /** Runs requests until they succeed, or fails with a StorageError. `send` may be called again. */
  async run<Output>(call: Call, send: (sdk: ObjectStorageClient, place: Place) => Promise<Output>): Promise<Output> {
    const { clock } = this;
    return withRetries(
      async () => {
        const { endpoint, region } = await this.address(call);
        const namespaceName = await this.namespace(call);
        const place = { namespaceName, bucketName: call.uri.bucket };
        const context = this.#context(call, endpoint, region, namespaceName);
        return this.#attempt(call, endpoint, context, (sdk) => send(sdk, place));
      },
      { clock, random: this.#random, signal: call.signal },
    );
  }

  /** Endpoint and region of a request: named by its URI, configured, or the principal's own. */
  async address(call: Call): Promise<Address> {
    const { uri, signal, action } = call;
    throwIfAborted(signal, action, describeUri(uri));
    const { endpoint, preauthenticated } = this.settings;
    const named = uri.region ?? this.settings.region;
    const base = preauthenticated?.base;
    if (base !== undefined && !base.startsWith("/")) return { endpoint: base, region: named };
    if (endpoint !== undefined && named !== undefined) return { endpoint: endpoint + (base ?? ""), region: named };
    const home = await this.#home(signal);
    if (endpoint !== undefined) return { endpoint: endpoint + (base ?? ""), region: home?.region };
    const wanted = named ?? home?.region;
    if (wanted === undefined) {
      throw ociError(
        "config_invalid",
        { operation: action, uri },
        "the region is not known",
        "Write oci://{namespace}@{region}/{bucket}/{prefix}, set the parameter region or OCI_REGION, or add region to the profile.",
      );
    }
    const { region, domain } = await resolveRegion(wanted, { env: this.#env, home });
    return { endpoint: `https://objectstorage.${region}.${domain}${base ?? ""}`, region };
  }

  /** The namespace of a request: named by its URI, configured, or asked for once. */
  async namespace(call: Call): Promise<string> {
    const named = call.uri.namespace ?? this.settings.namespace;
    if (named !== undefined) return named;
    const { endpoint, region } = await this.address(call);
    const known =
      this.#namespaces.get(endpoint) ??
      createCaching<FoundNamespace>({
        clock: this.clock,
        logger: this.#logger,
        load: async (signal) => ({ namespace: await this.#askNamespace({ ...call, signal }, endpoint, region) }),
      });
    this.#namespaces.set(endpoint, known);
    return (await known.resolve({ signal: call.signal })).namespace;
  }

  /** Remembers whether an object has to be restored before it can be read. */
  noteArchival({ bucket, key }: OciUri, state: string | undefined): void {
    if (state === undefined || /^(?:restored|available)$/i.test(state)) this.#archived.delete(`${bucket}/${key}`);
    else this.#archived.add(`${bucket}/${key}`);
  }

  isArchived({ bucket, key }: OciUri): boolean {
    return this.#archived.has(`${bucket}/${key}`);
  }

  /** The principal's own region; undefined where nobody logs in, or the login does not tell. */
  async #home(signal: AbortSignal | undefined): Promise<OciHome | undefined> {
    return this.credentials?.home(signal);
  }

  async close(): Promise<void> {
    await this.#dispatcher.destroy();
  }

  async #askNamespace(call: Call, endpoint: string, region: string | undefined): Promise<string> {
    const context = this.#context({ ...call, action: "find namespace" }, endpoint, region, undefined);
    const answer = await this.#attempt(call, endpoint, context, (sdk) => sdk.getNamespace({}));
    const namespace: unknown = answer.value;
    if (typeof namespace !== "string" || namespace === "") {
      const hint = "Check the endpoint, or name the namespace: oci://n/{namespace}/b/{bucket}/o/{prefix}.";
      throw ociError("protocol", { operation: "find namespace", uri: call.uri }, "the answer names no namespace", hint);
    }
    this.#logger.debug({ provider: "oci", namespace, region }, "namespace of the tenancy found");
    return namespace;
  }

  /** One request, and a second one with a fresh login when the first was refused. */
  async #attempt<Output>(
    call: Call,
    endpoint: string,
    context: OciContext,
    send: (sdk: ObjectStorageClient) => Promise<Output>,
  ): Promise<Output> {
    const { credentials, clock } = this;
    for (let refreshed = false; ; refreshed = true) {
      try {
        const key = await credentials?.resolve({ signal: call.signal, forceRefresh: refreshed });
        const options = { endpoint, dispatcher: this.#dispatcher, key, now: () => clock.now(), signal: call.signal };
        return await sdkRequest(options, send);
      } catch (error) {
        if (!refreshed && credentials !== undefined && isRefusedLogin(error, clock.now())) continue;
        const failure = toOciError(error, { ...context, now: clock.now() });
        throw call.onlyAnswered && failure.httpStatus === undefined ? failure.with({ retry: "permanent" }) : failure;
      }
    }
  }

  #context(
    { action, uri, signal }: Call,
    endpoint: string,
    region: string | undefined,
    namespace: string | undefined,
  ): OciContext {
    return {
      operation: action,
      uri,
      signal,
      host: new URL(endpoint).host,
      region,
      namespace,
      authType: this.credentials?.authType ?? "preauthenticated_request",
      now: this.clock.now(),
    };
  }
}

/** Refused by the storage service, not by a login service; a wrong clock is not healed by a new login. */
function isRefusedLogin(error: unknown, now: number): boolean {
  return error instanceof ServiceFailure && error.status === 401 && clockSkew(error.message, now) === undefined;
}
