import type { OciSigningKey } from "../../../auth/oci/credentials.ts";
import { signRequest } from "../../../auth/oci/sign-request.ts";
import type { OciUri } from "../../../uri/object-uri.ts";
import type { HttpReadSource } from "../../read-source.ts";
import { renewRefused } from "../../renew-refused.ts";
import type { LocateOptions } from "../../storage.ts";
import { ociError } from "./errors.ts";
import type { OciSession } from "./session.ts";

/** A signature is accepted for five minutes; the last one is left to clocks that differ and requests that take their time. */
const lifetimeMs = 4 * 60_000;

/**
 * A read that is good for every range: the signature covers time, address and host, and neither `Range` nor `If-Match`. An
 * object that a listing or `stat` found to be archived is refused at once.
 */
export async function locateObject(
  session: OciSession,
  uri: OciUri,
  options: LocateOptions = {},
): Promise<HttpReadSource> {
  const { pin, signal } = options;
  if (session.isArchived(uri)) {
    throw ociError(
      "unsupported",
      { operation: "locate", uri },
      "the object is archived and cannot be read as it is",
      "Restore it first (oci os object restore), or keep models in the Standard tier.",
    );
  }
  const call = { action: "locate", uri, signal } as const;
  const { endpoint } = await session.address(call);
  const namespace = await session.namespace(call);
  const path = `/n/${encode(namespace)}/b/${encode(uri.bucket)}/o/${encode(uri.key)}`;
  const url = endpoint + path + (pin?.version === undefined ? "" : `?versionId=${encode(pin.version)}`);
  const { credentials } = session;
  const key = credentials === undefined ? undefined : await renewRefused(credentials, options, madeWith);
  const now = session.clock.now();
  return {
    kind: "http",
    url,
    headers: key === undefined ? {} : signRequest({ method: "GET", url }, key, now),
    expiresAt:
      key === undefined
        ? Number.POSITIVE_INFINITY
        : Math.min(now + lifetimeMs, key.expiration ?? Number.POSITIVE_INFINITY),
    secretUrl: key === undefined,
    dropHeadersOnRedirect: true,
    ...(pin?.etag === undefined ? {} : { ifMatch: pin.etag }),
    network: session.network,
  };
}

/** The key id is, or holds, the session token. */
function madeWith({ headers }: HttpReadSource, { keyId }: OciSigningKey): boolean {
  const sent = headers["authorization"];
  return sent === undefined || sent.includes(`keyId="${keyId}"`);
}

/** As the SDK encodes names, slashes included; what it leaves alone besides letters and digits is encoded, too. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
