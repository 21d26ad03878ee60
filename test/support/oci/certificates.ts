import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";

const pem = (name: string): string => readFileSync(new URL(`certificates/${name}.pem`, import.meta.url), "utf8");

/** A certificate and its key, in PEM. */
export interface TestIdentity {
  readonly certificate: string;
  readonly privateKey: string;
}

const identity = (name: string): TestIdentity => ({ certificate: pem(name), privateKey: pem(`${name}-key`) });

/** Certificates of one instance; the second follows the first when it is rotated. */
export const leafIdentities: readonly [TestIdentity, TestIdentity] = [identity("leaf-1"), identity("leaf-2")];
/** Names the same tenancy, and nobody trusts it. */
export const foreignIdentity = identity("foreign");
export const intermediateCertificate = pem("intermediate");
export const rootCertificate = new X509Certificate(pem("root"));
/** OCID in the instance's certificates. */
export const testInstance = "ocid1.instance.oc1.iad.aaaatestinstance";
