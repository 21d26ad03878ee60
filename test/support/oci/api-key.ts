import { createHash, generateKeyPairSync, type KeyObject } from "node:crypto";
import type { FakeOciKey, OciAccess } from "../../../src/testing/fake-oci/index.ts";

/** A user of Oracle Cloud with an API signing key. */
export interface TestUser {
  readonly tenancy: string;
  readonly user: string;
  readonly fingerprint: string;
  readonly keyId: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** PKCS #8, not encrypted. */
  readonly pem: string;
}

export const testTenancy = "ocid1.tenancy.oc1..aaaatesttenancy";

/** A new user with a new key. */
export function createTestUser(name = "builder"): TestUser {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const der = publicKey.export({ type: "spki", format: "der" });
  const digest = createHash("md5").update(der).digest("hex");
  const fingerprint = (digest.match(/../g) ?? []).join(":");
  const user = `ocid1.user.oc1..aaaa${name}`;
  return {
    tenancy: testTenancy,
    user,
    fingerprint,
    keyId: `${testTenancy}/${user}/${fingerprint}`,
    privateKey,
    publicKey,
    pem: String(privateKey.export({ type: "pkcs8", format: "pem" })),
  };
}

/** The user as the fake knows it. */
export function knownKey({ keyId, publicKey }: TestUser, access: OciAccess = "manage"): FakeOciKey {
  return { keyId, publicKey, access };
}
