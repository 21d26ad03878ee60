import type { OciUri } from "../../../uri/object-uri.ts";
import { ociError } from "./errors.ts";

/** What the address of a pre-authenticated request says. */
export interface PreauthenticatedRequest {
  /** `https://host/p/{token}`; only `/p/{token}` where the address names no host. Secret. */
  readonly base: string;
  readonly namespace: string;
  readonly bucket: string;
  /** The one object that it opens; undefined when it opens a bucket or a prefix. */
  readonly object: string | undefined;
}

const form = /^(https?:\/\/[^/?#@]+)?(\/p\/[^/?#]{10,})\/n\/([^/?#]+)\/b\/([^/?#]+)\/o(?:\/([^?#]*))?$/;

/**
 * Reads the address of a pre-authenticated request
 * (https://docs.oracle.com/en-us/iaas/Content/Object/Tasks/usingpreauthenticatedrequests.htm), whole or as the service gives
 * it (`/p/…`), and holds it against the URI. Never repeats it.
 *
 * @throws StorageError `config_invalid` when it is none, or one for another place.
 */
export function readPreauthenticatedRequest(text: string, uri: OciUri): PreauthenticatedRequest {
  const context = { operation: "open storage", uri } as const;
  const [, host = "", token, namespace, bucket, object = ""] = form.exec(text.trim()) ?? [];
  if (token === undefined || namespace === undefined || bucket === undefined) {
    const hint =
      "Give the whole address: https://objectstorage.{region}.oraclecloud.com/p/{token}/n/{namespace}/b/{bucket}/o/.";
    throw ociError("config_invalid", context, "preauthenticatedRequest is not the address of one", hint);
  }
  const request: PreauthenticatedRequest = {
    base: host + token,
    namespace: decodeURIComponent(namespace),
    bucket: decodeURIComponent(bucket),
    object: object === "" || object.endsWith("/") ? undefined : decodeURIComponent(object),
  };
  const other =
    request.bucket !== uri.bucket
      ? `bucket ${request.bucket}`
      : uri.namespace !== undefined && uri.namespace !== request.namespace
        ? `namespace ${request.namespace}`
        : undefined;
  if (other === undefined) return request;
  const detail = `the pre-authenticated request is for ${other}`;
  throw ociError("config_invalid", context, detail, "Correct the URI, or give the request for its bucket.");
}
