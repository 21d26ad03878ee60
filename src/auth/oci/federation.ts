import { createPrivateKey, generateKeyPair, type KeyObject, X509Certificate } from "node:crypto";
import { promisify } from "node:util";
import type { Dispatcher } from "undici";
import type { AuthRequest } from "../auth-request.ts";
import { askMetadata, type MetadataContext, waitForMetadata } from "../metadata-service.ts";
import { settingsError } from "../settings.ts";
import { type OciAuthFields, refusal, unauthenticated } from "./auth-error.ts";
import type { OciHome } from "./credentials.ts";
import type { InstanceIdentity } from "./instance-metadata.ts";
import { resolveRegion } from "./regions.ts";
import { signRequest } from "./sign-request.ts";

const fields: OciAuthFields = { operation: "get a session token", asked: "the instance's principal" };

/** A key pair made for one session. */
export interface SessionKey {
  readonly privateKey: KeyObject;
  /** Public half in DER (SPKI), base64: PEM without its frame. */
  readonly publicKey: string;
}

/** RSA, 2048 bits: what session tokens are bound to. */
export async function createSessionKey(): Promise<SessionKey> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)("rsa", { modulusLength: 2048 });
  return { privateKey, publicKey: publicKey.export({ type: "spki", format: "der" }).toString("base64") };
}

/**
 * Exchanges an instance's certificate for a session token that is bound to the session's key: `POST /v1/x509`, signed by the
 * certificate's key, at the region's authentication service or `OCI_SDK_AUTH_CLIENT_REGION_URL`.
 *
 * @throws StorageError `unauthenticated` when the service refuses, `connection` and its like when it cannot be reached.
 */
export async function federate(
  request: Pick<AuthRequest, "env" | "clock" | "logger">,
  dispatcher: Dispatcher,
  home: OciHome,
  identity: InstanceIdentity,
  session: SessionKey,
  signal: AbortSignal,
): Promise<string> {
  const { env, clock, logger } = request;
  const { privateKey, certificate } = readIdentity(identity);
  const url = `${await endpointOf(env, home)}/v1/x509`;
  const text = JSON.stringify({
    certificate: unframed(identity.certificate),
    publicKey: session.publicKey,
    intermediateCertificates: [unframed(identity.intermediate)],
    purpose: "DEFAULT",
    fingerprintAlgorithm: "SHA256",
  });
  const keyId = `${tenancyOf(certificate)}/fed-x509-sha256/${certificate.fingerprint256.toLowerCase()}`;
  const service = `the authentication service of ${home.region}`;
  const context: MetadataContext = {
    dispatcher,
    clock,
    logger,
    service,
    operation: fields.operation,
    provider: "oci",
    patient: env["KUBERNETES_SERVICE_HOST"] !== undefined,
  };
  return waitForMetadata(context, signal, async () => {
    const body = { text, contentType: "application/json" };
    const headers = signRequest({ method: "POST", url, body, dateField: "date" }, { keyId, privateKey }, clock.now());
    const answer = await askMetadata(context, { url: new URL(url), method: "POST", headers, body: text }, signal);
    const hint =
      "Check that the instance is not terminated or moved to another tenancy, that its clock is right, and that nothing intercepts 169.254.169.254.";
    if (answer.status !== 200) throw refusal(answer, { ...fields, service, hint, now: clock.now() });
    const token = /"token"\s*:\s*"([\w.~+/=-]+)"/.exec(answer.body)?.[1];
    if (token !== undefined) return token;
    const detail = `the answer of ${service} holds no token`;
    throw unauthenticated({ ...fields, detail, hint: "Check OCI_SDK_AUTH_CLIENT_REGION_URL, and proxies on the way." });
  });
}

async function endpointOf(env: AuthRequest["env"], home: OciHome): Promise<string> {
  const given = env["OCI_SDK_AUTH_CLIENT_REGION_URL"]?.trim().replace(/\/+$/, "");
  if (given) {
    const url = /^https?:\/\//i.test(given) ? given : `https://${given}`;
    if (URL.canParse(url)) return url;
    throw settingsError("oci", "OCI_SDK_AUTH_CLIENT_REGION_URL is not a URL", "Correct the variable, or unset it.");
  }
  const { region, domain } = await resolveRegion(home.region, { env, home });
  return `https://auth.${region}.${domain}`;
}

function readIdentity(identity: InstanceIdentity): { certificate: X509Certificate; privateKey: KeyObject } {
  try {
    return {
      certificate: new X509Certificate(identity.certificate),
      privateKey: createPrivateKey(identity.privateKey),
    };
  } catch {
    throw unauthenticated({
      ...fields,
      detail: "instance metadata gives no certificate and key in PEM",
      hint: "Check for something that intercepts 169.254.169.254.",
    });
  }
}

/** The certificate's subject names the tenancy: `opc-tenant:ocid1.tenancy…`, for some services `opc-identity:…`. */
function tenancyOf(certificate: X509Certificate): string {
  const tenancy = /=opc-(?:tenant|identity):(\S+)$/m.exec(certificate.subject)?.[1];
  if (tenancy !== undefined) return tenancy;
  throw unauthenticated({
    ...fields,
    detail: "the instance's certificate names no tenancy",
    hint: "Check for something that intercepts 169.254.169.254.",
  });
}

/** PEM without its first and last line, on one line. */
function unframed(pem: string): string {
  return pem.replace(/-----[^-]+-----/g, "").replace(/\s+/g, "");
}
