import { S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";
import type { AwsCredentials } from "../../../auth/aws/credentials.ts";
import { type AwsRequestHandler, createAwsRequestHandler } from "../../../network/aws-request-handler.ts";
import { createDispatcher } from "../../../network/dispatcher.ts";
import type { NetworkProfile } from "../../../network/network-profile.ts";
import type { Clock } from "../../../telemetry/clock.ts";
import { endpointFor, type S3Settings } from "./settings.ts";

/** One SDK client per region; they share their sockets. */
export class SdkClients {
  readonly #clients = new Map<string, S3Client>();
  readonly #settings: S3Settings;
  readonly #credentials: AwsCredentials;
  readonly #clock: Clock;
  readonly #dispatcher: ReturnType<typeof createDispatcher>;
  readonly #requestHandler: AwsRequestHandler;

  constructor(settings: S3Settings, credentials: AwsCredentials, network: NetworkProfile, clock: Clock) {
    this.#settings = settings;
    this.#credentials = credentials;
    this.#clock = clock;
    this.#dispatcher = createDispatcher(network);
    this.#requestHandler = createAwsRequestHandler(this.#dispatcher);
  }

  forRegion(region: string): S3Client {
    const known = this.#clients.get(region);
    if (known !== undefined) return known;
    const client = this.#create(region);
    this.#clients.set(region, client);
    return client;
  }

  /** Host that a region's requests go to, the bucket apart: for messages. */
  host(region: string): string {
    const endpoint = endpointFor(this.#settings, region);
    return endpoint === undefined ? `s3.${region}.amazonaws.com` : new URL(endpoint).host;
  }

  async close(): Promise<void> {
    for (const client of this.#clients.values()) client.destroy();
    this.#clients.clear();
    await this.#dispatcher.destroy();
  }

  #create(region: string): S3Client {
    const endpoint = endpointFor(this.#settings, region);
    const client = new S3Client({
      region,
      ...(endpoint === undefined ? {} : { endpoint }),
      forcePathStyle: this.#settings.addressingStyle === "path",
      useFipsEndpoint: this.#settings.fips,
      useDualstackEndpoint: this.#settings.dualStack,
      useArnRegion: true,
      requestHandler: this.#requestHandler,
      // The one retry loop is ours, and so is what happens when a bucket is in another region.
      maxAttempts: 1,
      followRegionRedirects: false,
      requestChecksumCalculation: "WHEN_REQUIRED",
      responseChecksumValidation: "WHEN_REQUIRED",
      ...loginOf(this.#credentials),
    });
    signByClock(client, this.#clock);
    return client;
  }
}

function loginOf(credentials: AwsCredentials): Pick<S3ClientConfig, "credentials" | "signer"> {
  if (credentials.authType === "anonymous") {
    return {
      credentials: { accessKeyId: "anonymous", secretAccessKey: "anonymous" },
      signer: { sign: async (request) => request },
    };
  }
  const provider = async () => {
    const keys = await credentials.resolve();
    if (keys === undefined) throw new Error("anonymous credentials cannot sign");
    const { accessKeyId, secretAccessKey, sessionToken } = keys;
    return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
  };
  // The keys are cached where they come from; a second cache inside the SDK would outlive a forced refresh.
  return { credentials: Object.assign(provider, { memoized: true }) };
}

/**
 * Lets the SDK sign by the injected clock, and keeps it from correcting a wrong one by itself: a clock that far off breaks
 * tokens, certificates and leases as well, and is an error that says so.
 */
function signByClock(client: S3Client, clock: Clock): void {
  Object.defineProperty(client.config, "systemClockOffset", {
    get: () => clock.now() - Date.now(),
    set: () => {},
  });
}
