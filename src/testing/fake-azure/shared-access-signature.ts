import { AzureFailure, authenticationFailed, permissionMismatch } from "./azure-failure.ts";
import type { AzureRequest } from "./azure-request.ts";
import { sameSignature } from "./shared-key.ts";

/**
 * Throws unless the query's service SAS is signed with the account's key, is valid now, covers the blob or container, and
 * has one of the permissions (https://learn.microsoft.com/rest/api/storageservices/create-service-sas, from 2020-12-06 on).
 */
export function verifySignature(
  request: AzureRequest,
  account: string,
  key: Buffer,
  now: number,
  permissions: string,
): void {
  const { query, container, blob } = request;
  const field = (name: string): string => query.get(name) ?? "";
  if (field("sv") < "2020-12-06") throw authenticationFailed("sv is not a version that is understood here");
  const resource = field("sr") === "b" ? `/${container}/${blob}` : `/${container}`;
  const text = [
    field("sp"),
    field("st"),
    field("se"),
    `/blob/${account}${resource}`,
    field("si"),
    field("sip"),
    field("spr"),
    field("sv"),
    field("sr"),
    "",
    field("ses"),
    field("rscc"),
    field("rscd"),
    field("rsce"),
    field("rscl"),
    field("rsct"),
  ].join("\n");
  if (!sameSignature(field("sig"), text, key)) {
    throw authenticationFailed("Signature did not match. String to sign used was (not shown)");
  }
  const start = field("st") === "" ? Number.NEGATIVE_INFINITY : Date.parse(field("st"));
  const end = Date.parse(field("se"));
  if (now < start || now >= end || Number.isNaN(end)) {
    const current = new Date(now).toUTCString();
    throw authenticationFailed(
      `Signature not valid in the specified time frame: Start [${field("st")}] - Expiry [${field("se")}] - Current [${current}]`,
    );
  }
  if (field("spr") === "https") {
    const message = "This request is not authorized to perform this operation using this protocol.";
    throw new AzureFailure(403, "AuthorizationProtocolMismatch", message);
  }
  if (![...permissions].some((letter) => field("sp").includes(letter))) throw permissionMismatch();
}
