import { createPublicKey, generateKeyPairSync, type KeyObject, X509Certificate } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { buffer } from "node:stream/consumers";
import type { TestContext } from "node:test";
import type { Clock } from "../../../src/telemetry/clock.ts";
import { issueSessionToken } from "../../../src/testing/fake-oci/index.ts";
import { parseAuthorization, refuseSignature } from "../../../src/testing/fake-oci/signature/authorization.ts";
import { startHttp } from "../web-server.ts";
import { testTenancy } from "./api-key.ts";
import { rootCertificate, testInstance } from "./certificates.ts";

export interface FakeIdentityService {
  /** What `OCI_SDK_AUTH_CLIENT_REGION_URL` is set to. */
  readonly origin: string;
  /** Public key that session tokens are verified with. */
  readonly issuer: KeyObject;
  /** Key ids of the requests so far. */
  readonly keyIds: string[];
  readonly tokens: string[];
  /** Reasons of refusals, in order. */
  readonly refusals: string[];
  /** Statuses that the next requests get instead of an answer. */
  readonly failures: number[];
  lifetimeMs: number;
}

/** A token authority's key pair. */
export function createIssuer(): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  return generateKeyPairSync("rsa", { modulusLength: 2048 });
}

/**
 * The authentication service's federation: `POST /v1/x509`. It verifies the request's signature with the certificate that
 * the body holds, the certificate's fingerprint and tenancy in the key id, and its chain up to the root.
 */
export async function startIdentityService(
  t: TestContext,
  clock: Clock,
  issuer = createIssuer(),
): Promise<FakeIdentityService> {
  const { publicKey, privateKey } = issuer;
  const fake: FakeIdentityService = {
    origin: "",
    issuer: publicKey,
    keyIds: [],
    tokens: [],
    refusals: [],
    failures: [],
    lifetimeMs: 20 * 60_000,
  };

  function refuse(incoming: IncomingMessage, body: Buffer): string | undefined {
    const headers = new Map(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]));
    const claim = parseAuthorization(headers.get("authorization"));
    if (claim === undefined) return "no signature";
    fake.keyIds.push(claim.keyId);
    const details = JSON.parse(body.toString("utf8")) as Readonly<Record<string, unknown>>;
    const leaf = certificateOf(details["certificate"]);
    const [intermediate] = (details["intermediateCertificates"] as unknown[]).map(certificateOf);
    if (intermediate === undefined) return "no intermediate certificate";
    if (!leaf.verify(intermediate.publicKey) || !intermediate.verify(rootCertificate.publicKey))
      return "untrusted certificate";
    const [tenancy, scheme, fingerprint] = claim.keyId.split("/");
    const [fingerprint1, fingerprint256] = [leaf.fingerprint, leaf.fingerprint256].map((value) => value.toLowerCase());
    const expected =
      scheme === "fed-x509-sha256" && details["fingerprintAlgorithm"] === "SHA256" ? fingerprint256 : fingerprint1;
    if (tenancy !== testTenancy || !leaf.subject.includes(`opc-tenant:${tenancy}`)) return "wrong tenancy";
    if (scheme?.startsWith("fed-x509") !== true || fingerprint !== expected) return "wrong fingerprint";
    const request = { method: incoming.method ?? "", target: incoming.url ?? "", headers };
    return refuseSignature(request, claim, { publicKey: leaf.publicKey, now: clock.now(), body, hostRequired: false });
  }

  const server = await startHttp(t, async (incoming, outgoing) => {
    const body = await buffer(incoming);
    const json = (status: number, value: unknown): void =>
      void outgoing.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
    const failure = fake.failures.shift();
    if (failure !== undefined) return json(failure, { code: "InternalError", message: "TOPSECRET" });
    if (incoming.method !== "POST" || incoming.url !== "/v1/x509") return json(404, { code: "NotFound", message: "" });
    const reason = refuse(incoming, body);
    if (reason !== undefined) {
      fake.refusals.push(reason);
      return json(401, { code: "NotAuthenticated", message: reason });
    }
    const details = JSON.parse(body.toString("utf8")) as { readonly publicKey: string };
    const der = Buffer.from(details.publicKey.replace(/-----[^-]+-----|\s/g, ""), "base64");
    const token = issueSessionToken({
      issuerKey: privateKey,
      publicKey: createPublicKey({ key: der, format: "der", type: "spki" }),
      subject: testInstance,
      now: clock.now(),
      lifetimeMs: fake.lifetimeMs,
      claims: { "opc-tenant": testTenancy, "opc-instance": testInstance, "opc-certtype": "instance" },
    });
    fake.tokens.push(token);
    json(200, { token });
  });
  return Object.assign(fake, { origin: server.origin });
}

function certificateOf(text: unknown): X509Certificate {
  return new X509Certificate(Buffer.from(String(text), "base64"));
}
