import type { KeyObject } from "node:crypto";
import type { FakeOciGrant, FakeOciKey } from "./fake-oci-options.ts";
import type { ObjectStore } from "./object-store.ts";
import { bucketNotFound, notAuthenticated, OciFailure } from "./oci-failure.ts";
import { type OciOperation, unsignedBodies, writingOperations } from "./oci-operation.ts";
import { type OciRequest, readBody } from "./oci-request.ts";
import { parseAuthorization, refuseSignature } from "./signature/authorization.ts";
import { verifySessionToken } from "./signature/session-token.ts";

export interface AccessContext {
  readonly store: ObjectStore;
  readonly tokenIssuer: KeyObject | undefined;
  key(keyId: string): FakeOciKey | undefined;
  readonly now: number;
}

/**
 * Throws what the service answers to who may not; gives the body where it is part of the signature. Whoever is known but has
 * no policy gets the same answer as for a bucket that does not exist.
 */
export async function checkAccess(
  request: OciRequest,
  operation: OciOperation,
  context: AccessContext,
): Promise<Buffer | undefined> {
  const { store } = context;
  const body = unsignedBodies.has(operation) ? undefined : await readBody(request.incoming);
  if (request.preauthenticated !== undefined) {
    checkPreauthenticated(request, operation, context);
    return body;
  }
  const bucket = store.find(request.bucket);
  const writes = writingOperations.has(operation);
  if (request.headers.get("authorization") === undefined && bucket?.publicRead === true && !writes) return body;
  const access = verifyCaller(request, body, context);
  if (request.namespace !== undefined && request.namespace !== store.namespace) {
    const message =
      "You do not have authorization to perform this request, or the requested resource could not be found.";
    throw new OciFailure(404, "NamespaceNotFound", message);
  }
  if (request.bucket === undefined || access === "manage" || (access === "read" && !writes)) return body;
  throw bucketNotFound(store.namespace, request.bucket);
}

function verifyCaller(request: OciRequest, body: Buffer | undefined, context: AccessContext): FakeOciKey["access"] {
  const claim = parseAuthorization(request.headers.get("authorization"));
  if (claim === undefined) {
    if (request.bucket !== undefined && !request.headers.has("authorization")) {
      throw bucketNotFound(context.store.namespace, request.bucket);
    }
    throw notAuthenticated();
  }
  const key = keyOf(claim.keyId, context);
  if (key === undefined) throw notAuthenticated();
  const signedBody = request.method === "POST" || request.method === "PUT" ? body : undefined;
  const refused = refuseSignature(request, claim, { publicKey: key.publicKey, now: context.now, body: signedBody });
  if (refused !== undefined) throw notAuthenticated(refused);
  return key.access ?? "manage";
}

function keyOf(
  keyId: string,
  { key, tokenIssuer, now }: AccessContext,
): Pick<FakeOciKey, "publicKey" | "access"> | undefined {
  if (!keyId.startsWith("ST$")) return key(keyId);
  return tokenIssuer === undefined ? undefined : verifySessionToken(keyId.slice(3), tokenIssuer, now);
}

function checkPreauthenticated(request: OciRequest, operation: OciOperation, { store, now }: AccessContext): void {
  const grant = store.preauthenticated.get(request.preauthenticated ?? "");
  const wrongPlace = request.namespace !== store.namespace || request.bucket !== grant?.bucket;
  if (grant === undefined || wrongPlace || (grant.expiresAt ?? Number.POSITIVE_INFINITY) <= now)
    throw notAuthenticated();
  if (!permits(grant, request, operation)) throw bucketNotFound(store.namespace, grant.bucket);
}

function permits(grant: FakeOciGrant, request: OciRequest, operation: OciOperation): boolean {
  if (operation === "ListObjects") {
    return grant.lists === true && (request.parameters.get("prefix") ?? "").startsWith(grant.prefix ?? "");
  }
  if (writingOperations.has(operation) && grant.writes !== true) return false;
  if (grant.object !== undefined) return request.name === grant.object;
  return request.name.startsWith(grant.prefix ?? "");
}
