import { createHash, verify, X509Certificate } from "node:crypto";
import type { IncomingMessage, RequestListener } from "node:http";
import { testCaPath } from "../web-server.ts";
import { issueToken } from "./tokens.ts";

export const testTenant = "10000000-0000-4000-8000-000000000001";
export const testApplication = "10000000-0000-4000-8000-000000000002";

export interface FakeEntra {
  readonly listener: RequestListener;
  /** The application's secret; undefined: it has none. */
  clientSecret: string | undefined;
  /** PEM of the certificate that was uploaded to the application. */
  certificate: string | undefined;
  /** The only federated token that is accepted now. */
  federatedToken: string | undefined;
  /** Refusals that the next token requests get. */
  readonly failures: { readonly status: number; readonly code: number }[];
  readonly tokens: string[];
  /** Whole request paths. */
  readonly requests: string[];
  /** People who have not entered the code yet answer this many polls. */
  pendingPolls: number;
  lifetimeMs: number;
}

/** Microsoft Entra's token endpoint (v2.0): it checks tenant, scope, secrets, and client assertions with signature and audience. */
export function createFakeEntra(origin: () => string, now: () => number): FakeEntra {
  const fake: FakeEntra = {
    listener: (incoming, outgoing) => {
      void readBody(incoming).then((body) => {
        const { status, document } = answer(incoming.url ?? "", new URLSearchParams(body));
        outgoing.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(document));
      });
    },
    clientSecret: undefined,
    certificate: undefined,
    federatedToken: undefined,
    failures: [],
    tokens: [],
    requests: [],
    pendingPolls: 0,
    lifetimeMs: 3_600_000,
  };
  const refuse = (status: number, code: number, error = "invalid_client") => ({
    status,
    document: { error, error_description: `AADSTS${code}: refused. TOPSECRET details.`, error_codes: [code] },
  });
  const base = () => `${origin()}/${testTenant}`;

  function answer(url: string, form: URLSearchParams): { readonly status: number; readonly document: object } {
    fake.requests.push(url);
    const [, tenant = "", ...rest] = (url.split("?")[0] ?? "").split("/");
    if (tenant !== testTenant) return refuse(400, 90002, "invalid_tenant");
    const path = rest.join("/");
    if (path === "v2.0/.well-known/openid-configuration") {
      return {
        status: 200,
        document: {
          token_endpoint: `${base()}/oauth2/v2.0/token`,
          authorization_endpoint: `${base()}/oauth2/v2.0/authorize`,
          device_authorization_endpoint: `${base()}/oauth2/v2.0/devicecode`,
          issuer: `${base()}/v2.0`,
          jwks_uri: `${base()}/keys`,
        },
      };
    }
    if (path === "oauth2/v2.0/devicecode") {
      const codes = {
        device_code: "TOPSECRET-device",
        user_code: "ABCD-EFGH",
        verification_uri: "https://example.test/device",
      };
      return { status: 200, document: { ...codes, expires_in: 900, interval: 1, message: "enter the code" } };
    }
    if (path !== "oauth2/v2.0/token") return { status: 404, document: { error: "not_found" } };
    const failure = fake.failures.shift();
    if (failure !== undefined) return refuse(failure.status, failure.code);
    if (form.get("client_id") !== testApplication) return refuse(400, 700016, "unauthorized_client");
    const scope = (form.get("scope") ?? "").split(" ");
    if (!scope.includes("https://storage.azure.com/.default")) return refuse(400, 70011, "invalid_scope");
    const refused = judge(form);
    if (refused !== undefined) return refused;
    const expires = Math.floor((now() + fake.lifetimeMs) / 1000);
    const token = issueToken({ aud: "https://storage.azure.com", exp: expires, appid: testApplication });
    fake.tokens.push(token);
    return {
      status: 200,
      document: { token_type: "Bearer", expires_in: Math.floor(fake.lifetimeMs / 1000), access_token: token },
    };
  }

  function judge(form: URLSearchParams) {
    const grant = form.get("grant_type");
    if (grant === "device_code" || grant === "urn:ietf:params:oauth:grant-type:device_code") {
      if (form.get("device_code") !== "TOPSECRET-device") return refuse(400, 70000, "invalid_grant");
      fake.pendingPolls -= 1;
      return fake.pendingPolls >= 0 ? refuse(400, 70016, "authorization_pending") : undefined;
    }
    if (grant !== "client_credentials") return refuse(400, 70003, "unsupported_grant_type");
    const secret = form.get("client_secret");
    if (secret !== null) return secret === fake.clientSecret ? undefined : refuse(401, 7000215);
    if (form.get("client_assertion_type") !== "urn:ietf:params:oauth:client-assertion-type:jwt-bearer") {
      return refuse(401, 7000218);
    }
    const assertion = form.get("client_assertion") ?? "";
    if (fake.federatedToken !== undefined) return assertion === fake.federatedToken ? undefined : refuse(400, 70021);
    return fake.certificate !== undefined && isSigned(assertion, fake.certificate, base(), now())
      ? undefined
      : refuse(401, 700027);
  }
  return fake;
}

/** Whether an assertion is signed by the certificate that it names, for this token endpoint, and valid now. */
function isSigned(assertion: string, pem: string, base: string, now: number): boolean {
  const [header = "", body = "", signature = ""] = assertion.split(".");
  const read = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString("utf8")) as Record<string, unknown>;
  const certificate = new X509Certificate(pem);
  const { alg, x5t, "x5t#S256": x5t256 } = read(header);
  const thumbprint = (algorithm: string) => createHash(algorithm).update(certificate.raw).digest("base64url");
  const named =
    x5t256 === thumbprint("sha256") || Buffer.from(String(x5t), "base64").toString("base64url") === thumbprint("sha1");
  const padding = alg === "PS256" ? { padding: 6, saltLength: 32 } : {};
  const key = { key: certificate.publicKey, ...padding };
  const signed = verify("sha256", Buffer.from(`${header}.${body}`), key, Buffer.from(signature, "base64url"));
  const { aud, iss, sub, exp, nbf } = read(body);
  const timely = Number(exp) * 1000 > now - 60_000 && Number(nbf) * 1000 <= now + 60_000;
  return named && signed && timely && aud === `${base}/oauth2/v2.0/token` && iss === testApplication && sub === iss;
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  let text = "";
  for await (const piece of incoming) text += String(piece);
  return text;
}

/** Environment that sends logins there. */
export function entraEnvironment(origin: string): Record<string, string> {
  return { AZURE_AUTHORITY_HOST: origin, SSL_CERT_FILE: testCaPath };
}
