export { type FakeOci, startFakeOci } from "./fake-oci.ts";
export type {
  FakeOciAnswer,
  FakeOciBucketOptions,
  FakeOciGrant,
  FakeOciKey,
  FakeOciOptions,
  FakeOciRequest,
  FakeOciSeedOptions,
  OciAccess,
} from "./fake-oci-options.ts";
export { OciFailure } from "./oci-failure.ts";
export type { OciOperation } from "./oci-operation.ts";
export { issueSessionToken, type SessionGrant, verifySessionToken } from "./signature/session-token.ts";
