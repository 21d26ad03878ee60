import { AzureFailure, permissionMismatch } from "./azure-failure.ts";
import type { AzureRequest } from "./azure-request.ts";
import type { FakeAzureOperation, FakeAzureOptions, FakeAzureRequest } from "./fake-azure-options.ts";
import { verifySignature } from "./shared-access-signature.ts";
import { verifySharedKey } from "./shared-key.ts";

export interface AccessRules {
  readonly account: string;
  readonly key: Buffer;
  readonly options: FakeAzureOptions;
  readonly now: number;
}

/** Letters of a shared access signature, one of which is enough. */
const permissions: Readonly<Partial<Record<FakeAzureOperation, string>>> = {
  ListBlobs: "l",
  GetBlob: "r",
  GetBlobProperties: "r",
  DeleteBlob: "d",
};
const reads: ReadonlySet<FakeAzureOperation> = new Set(["ListBlobs", "GetBlob", "GetBlobProperties"]);

/** Says how a request is authorized, or throws what the service answers to who may not. */
export function checkAccess(
  request: AzureRequest,
  operation: FakeAzureOperation,
  { account, key, options, now }: AccessRules,
): FakeAzureRequest["login"] {
  const { headers, query, container } = request;
  const authorization = headers.get("authorization");
  if (authorization?.startsWith("SharedKey ")) {
    if (options.refuseSharedKey === true) {
      const message = "Key based authentication is not permitted on this storage account.";
      throw new AzureFailure(403, "KeyBasedAuthenticationNotPermitted", message);
    }
    verifySharedKey(request, account, key, now);
    return "shared_key";
  }
  if (authorization?.startsWith("Bearer ")) {
    // Versions before 2017-11-09, which a request without a version is, know no tokens.
    const known = (headers.get("x-ms-version") ?? "") >= "2017-11-09";
    const access = known ? options.bearer?.(authorization.slice("Bearer ".length)) : undefined;
    if (access === undefined) {
      const message =
        "Server failed to authenticate the request. Please refer to the information in the www-authenticate header.";
      throw new AzureFailure(401, "InvalidAuthenticationInfo", message);
    }
    if (access === "none" || (access === "read" && !reads.has(operation))) throw permissionMismatch();
    return "bearer";
  }
  if (query.has("sig")) {
    verifySignature(request, account, key, now, permissions[operation] ?? "cw");
    return "sas";
  }
  if (options.publicContainers === undefined) {
    throw new AzureFailure(409, "PublicAccessNotPermitted", "Public access is not permitted on this storage account.");
  }
  if (options.publicContainers.includes(container) && reads.has(operation)) return "anonymous";
  throw new AzureFailure(404, "ResourceNotFound", "The specified resource does not exist.");
}
