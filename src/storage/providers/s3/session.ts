import { HeadBucketCommand, type S3Client } from "@aws-sdk/client-s3";
import type { AwsCredentials } from "../../../auth/aws/credentials.ts";
import { isStorageError, type StorageError } from "../../../errors.ts";
import type { NetworkProfile } from "../../../network/network-profile.ts";
import type { Clock, Random } from "../../../telemetry/clock.ts";
import type { Logger } from "../../../telemetry/logger.ts";
import { describeUri } from "../../../uri/describe-uri.ts";
import type { S3Uri } from "../../../uri/object-uri.ts";
import { throwIfAborted } from "../../cancellation.ts";
import { withRetries } from "../../retry.ts";
import { toS3Error } from "./errors.ts";
import { SdkClients } from "./sdk-clients.ts";
import { regionOfFailure, type S3Action, serviceFailure } from "./service-failure.ts";
import type { S3Settings } from "./settings.ts";

export interface SessionOptions {
  readonly settings: S3Settings;
  readonly credentials: AwsCredentials;
  readonly network: NetworkProfile;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** What one request is for. */
export interface Call {
  readonly action: S3Action;
  readonly uri: S3Uri;
  readonly signal?: AbortSignal | undefined;
  /** Only answers that came are tried again, not lost ones: for requests that must not take effect twice. */
  readonly onlyAnswered?: boolean | undefined;
}

/** Where buckets of unknown region are asked for it: every region answers with the right one. */
const discoveryRegion = "us-east-1";

/**
 * Sends requests through the SDK with everything that all of them share: the bucket's region, one retry loop, one refresh of
 * refused credentials, errors in our terms.
 */
export class S3Session {
  readonly settings: S3Settings;
  readonly credentials: AwsCredentials;
  readonly network: NetworkProfile;
  readonly clock: Clock;
  /** Whether HEAD asks for checksums; off once the server has refused the question. */
  checksumsAsked: boolean;
  readonly #random: Random;
  readonly #logger: Logger;
  readonly #clients: SdkClients;
  /** What the service said, which stands above everything that was configured. */
  readonly #learnedRegions = new Map<string, string>();

  constructor(options: SessionOptions) {
    this.settings = options.settings;
    this.checksumsAsked = options.settings.preset.checksumMode === "ask";
    this.credentials = options.credentials;
    this.network = options.network;
    this.clock = options.clock;
    this.#random = options.random;
    this.#logger = options.logger;
    this.#clients = new SdkClients(options.settings, options.credentials, options.network, options.clock);
  }

  /** Runs requests until they succeed, or fails with a StorageError. `send` may be called again. */
  async run<Output>(
    call: Call,
    send: (sdk: S3Client, options: { readonly abortSignal?: AbortSignal }) => Promise<Output>,
  ): Promise<Output> {
    const { signal } = call;
    const corrections = { region: false, login: false };
    return withRetries(() => this.#attempt(call, corrections, send), {
      clock: this.clock,
      random: this.#random,
      signal,
    });
  }

  /** The region of a URI's bucket: learned, named, configured, or asked for now. */
  async regionOf(call: Call): Promise<string> {
    const { uri, signal } = call;
    throwIfAborted(signal, call.action, describeUri(uri));
    const known = this.#learnedRegions.get(uri.bucket) ?? uri.region ?? this.settings.region;
    return known ?? this.#discover(call);
  }

  /** The SDK client of a region, for what is done without sending anything. */
  client(region: string): S3Client {
    return this.#clients.forRegion(region);
  }

  async close(): Promise<void> {
    await this.#clients.close();
  }

  async #attempt<Output>(
    call: Call,
    corrections: { region: boolean; login: boolean },
    send: (sdk: S3Client, options: { readonly abortSignal?: AbortSignal }) => Promise<Output>,
  ): Promise<Output> {
    for (;;) {
      const region = await this.regionOf(call);
      try {
        return await send(this.#clients.forRegion(region), abortOption(call.signal));
      } catch (error) {
        const actual = regionOfFailure(error);
        if (actual !== undefined && actual !== region && !corrections.region) {
          corrections.region = true;
          this.#learn(call.uri, actual, region);
          continue;
        }
        const failure = this.#failure(error, call, region);
        if (isStaleLogin(failure) && !corrections.login) {
          corrections.login = true;
          await this.credentials.resolve({ signal: call.signal, forceRefresh: true });
          continue;
        }
        throw call.onlyAnswered && failure.httpStatus === undefined ? failure.with({ retry: "permanent" }) : failure;
      }
    }
  }

  #failure(error: unknown, call: Call, region: string): StorageError {
    return toS3Error(error, {
      operation: call.action,
      uri: call.uri,
      signal: call.signal,
      service: this.settings.preset.title,
      host: this.#clients.host(region),
      authType: this.credentials.authType,
      now: this.clock.now(),
    });
  }

  async #discover(call: Call): Promise<string> {
    const { uri, signal } = call;
    try {
      const command = new HeadBucketCommand({ Bucket: uri.bucket });
      const answer = await this.#clients.forRegion(discoveryRegion).send(command, abortOption(signal));
      return this.#remember(uri, answer.BucketRegion ?? discoveryRegion);
    } catch (error) {
      if (isStorageError(error)) throw error;
      const failure = serviceFailure(error);
      const region = failure?.headers["x-amz-bucket-region"] ?? regionOfFailure(error);
      if (region !== undefined) return this.#remember(uri, region);
      // Whatever else is wrong, the operation itself will say it with more words than a HEAD can.
      if (failure !== undefined && failure.status !== undefined && failure.status < 500) return discoveryRegion;
      throw this.#failure(error, call, discoveryRegion);
    }
  }

  #remember(uri: S3Uri, region: string): string {
    this.#learnedRegions.set(uri.bucket, region);
    this.#logger.debug({ provider: "s3", bucket: uri.bucket, region }, "region of the bucket discovered");
    return region;
  }

  #learn(uri: S3Uri, actual: string, assumed: string): void {
    this.#learnedRegions.set(uri.bucket, actual);
    this.#logger.warn(
      { provider: "s3", bucket: uri.bucket, region: actual, assumedRegion: assumed },
      "the bucket is in another region than was given; using the right one",
    );
  }
}

function isStaleLogin(failure: StorageError): boolean {
  return /^(?:ExpiredToken|InvalidToken|TokenRefreshRequired)/.test(failure.serviceCode ?? "");
}

function abortOption(signal: AbortSignal | undefined): { readonly abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}
