import { BlobSASPermissions, generateBlobSASQueryParameters, StorageSharedKeyCredential } from "@azure/storage-blob";
import type { AzureAccess } from "../../../auth/azure/credentials.ts";
import type { AzureUri } from "../../../uri/object-uri.ts";
import type { HttpReadSource } from "../../read-source.ts";
import { carriesToken, renewRefused } from "../../renew-refused.ts";
import type { LocateOptions } from "../../storage.ts";
import { rangeDigestHeaders } from "./digests.ts";
import { objectName } from "./object-name.ts";
import type { AzureSession } from "./session.ts";

/** Signed reads are good for an hour: long enough for any part, short enough for a URL that leaked. */
const lifetimeMs = 60 * 60_000;
/** Left unused at the end, so that no request arrives when its login has just expired. */
const marginMs = 60_000;

/** The version of the protocol that reads are made with; signatures carry their own. */
const apiVersion = "2021-12-02";

/** A read that is authorized for every range: by a signature of this one object, or by a token in its headers. */
export async function locateObject(
  session: AzureSession,
  uri: AzureUri,
  options: LocateOptions = {},
): Promise<HttpReadSource> {
  const { pin } = options;
  const name = objectName("locate", uri);
  const { account, url } = session.address(uri);
  const access = await renewRefused(session.credentials, options, madeWith);
  const now = session.clock.now();
  const query = readQuery(access, { account, container: uri.container, name, now, https: url.startsWith("https:") });
  const path = name.split("/").map(encodeURIComponent).join("/");
  return {
    kind: "http",
    url: `${url}/${uri.container}/${path}${query === undefined ? "" : `?${query}`}`,
    headers: {
      "x-ms-version": apiVersion,
      ...(access?.kind === "token" ? { authorization: `Bearer ${access.token}` } : {}),
    },
    expiresAt: expiryOf(access, now),
    secretUrl: query !== undefined,
    dropHeadersOnRedirect: true,
    ...(pin?.etag === undefined ? {} : { ifMatch: pin.etag }),
    rangeDigestHeaders,
    network: session.network,
  };
}

function madeWith(read: HttpReadSource, access: AzureAccess | undefined): boolean {
  if (access?.kind === "sas") return read.url.endsWith(access.query);
  return access?.kind !== "token" || carriesToken(read, access.token);
}

interface SignedRead {
  readonly account: string;
  readonly container: string;
  readonly name: string;
  readonly now: number;
  readonly https: boolean;
}

function readQuery(access: AzureAccess | undefined, read: SignedRead): string | undefined {
  if (access?.kind === "sas") return access.query;
  if (access?.kind !== "account_key") return undefined;
  const { account, container, name, now, https } = read;
  return generateBlobSASQueryParameters(
    {
      containerName: container,
      blobName: name,
      permissions: BlobSASPermissions.parse("r"),
      expiresOn: new Date(now + lifetimeMs),
      version: apiVersion,
      ...(https ? { protocol: "https" as never } : {}),
    },
    new StorageSharedKeyCredential(account, access.key),
  ).toString();
}

function expiryOf(access: AzureAccess | undefined, now: number): number {
  if (access === undefined) return Number.POSITIVE_INFINITY;
  const end = access.kind === "account_key" ? now + lifetimeMs : access.expiration;
  if (end === undefined) return Number.POSITIVE_INFINITY;
  return end - Math.min(marginMs, Math.max(0, end - now) / 2);
}
