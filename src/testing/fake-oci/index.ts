export { type FakeOci, startFakeOci } from "./fake-oci.ts";
export type {
  FakeOciAnswer,
  FakeOciBucketOptions,
  FakeOciKey,
  FakeOciOptions,
  FakeOciRequest,
  OciAccess,
  PreauthenticatedOptions,
  SeedOptions,
} from "./fake-oci-options.ts";
export { OciFailure } from "./oci-failure.ts";
export type { OciOperation } from "./oci-operation.ts";
export {
  parseAuthorization,
  refuseSignature,
  type SignatureClaim,
  type SignedRequest,
} from "./signature/authorization.ts";
export { issueSessionToken, type SessionGrant, verifySessionToken } from "./signature/session-token.ts";
