import type { AwsKeys } from "../../../auth/aws/credentials.ts";
import type { S3Uri } from "../../../uri/object-uri.ts";
import type { HttpReadSource } from "../../read-source.ts";
import { renewRefused } from "../../renew-refused.ts";
import type { LocateOptions } from "../../storage.ts";
import type { S3Session } from "./session.ts";
import { addressOf, type BucketAddress, signedUrl } from "./signed-read.ts";
import { objectInput } from "./version.ts";

/** Signed reads are good for an hour: long enough for any part, short enough for a URL that leaked. */
const lifetimeSeconds = 3600;
/** Left unused at the end, so that no request arrives when its signature has just expired. */
const marginMs = 60_000;

/** Gives signed reads of objects; addresses of buckets are worked out once. */
export class Locator {
  readonly #session: S3Session;
  readonly #addresses = new Map<string, Promise<BucketAddress>>();

  constructor(session: S3Session) {
    this.#session = session;
  }

  async locate(uri: S3Uri, options: LocateOptions = {}): Promise<HttpReadSource> {
    const { pin, signal } = options;
    const session = this.#session;
    const region = await session.regionOf({ action: "locate", uri, signal });
    const keys = await renewRefused(session.credentials, options, madeWith);
    const now = session.clock.now();
    const lifetime = lifetimeOf(keys?.expiration, now);
    const login = keys === undefined ? undefined : { keys, now, expiresInSeconds: lifetime.seconds };
    const address = await this.#address(region, uri.bucket);
    const query = readQuery(session, uri, pin?.version, login !== undefined);
    const url = await signedUrl(address, uri.key, query, login);
    return {
      kind: "http",
      url,
      headers: {},
      expiresAt: login === undefined ? Number.POSITIVE_INFINITY : lifetime.expiresAt,
      secretUrl: login !== undefined,
      dropHeadersOnRedirect: true,
      ...(pin?.etag === undefined ? {} : { ifMatch: pin.etag }),
      network: session.network,
    };
  }

  #address(region: string, bucket: string): Promise<BucketAddress> {
    const name = `${region}/${bucket}`;
    const known = this.#addresses.get(name);
    if (known !== undefined) return known;
    const found = addressOf(this.#session.client(region), bucket);
    this.#addresses.set(name, found);
    // A failure is told to who asked, and not remembered.
    found.catch(() => this.#addresses.delete(name));
    return found;
  }
}

/** Every set of temporary keys has an id of its own. */
function madeWith({ url }: HttpReadSource, keys: AwsKeys | undefined): boolean {
  const signer = URL.parse(url)?.searchParams.get("X-Amz-Credential");
  return signer == null || keys === undefined || signer.startsWith(`${keys.accessKeyId}/`);
}

function readQuery(
  session: S3Session,
  uri: S3Uri,
  version: string | undefined,
  signed: boolean,
): Record<string, string> {
  // What a response is to carry may only be said in signed requests.
  const identity = signed && session.settings.preset.repeatsUploadEncoding;
  const { VersionId, RequestPayer } = objectInput(session, uri, version);
  return {
    ...(VersionId === undefined ? {} : { versionId: VersionId }),
    ...(RequestPayer === undefined ? {} : { "x-amz-request-payer": RequestPayer }),
    ...(identity ? { "response-content-encoding": "identity" } : {}),
  };
}

/** A signature lives no longer than the temporary keys that made it. */
function lifetimeOf(
  expiration: number | undefined,
  now: number,
): { readonly seconds: number; readonly expiresAt: number } {
  const left = Math.floor(((expiration ?? Number.POSITIVE_INFINITY) - now) / 1000);
  const seconds = Math.max(1, Math.min(lifetimeSeconds, left));
  const margin = Math.min(marginMs, (seconds * 1000) / 2);
  return { seconds, expiresAt: now + seconds * 1000 - margin };
}
