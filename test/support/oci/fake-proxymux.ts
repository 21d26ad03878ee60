import { createPublicKey, type KeyObject } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import type { TestContext } from "node:test";
import type { Clock } from "../../../src/telemetry/clock.ts";
import { issueSessionToken } from "../../../src/testing/fake-oci/index.ts";
import { scratchDirectory } from "../scratch-directory.ts";
import { startHttps, testCa } from "../web-server.ts";
import { createIssuer } from "./fake-identity-service.ts";

export interface FakeProxymux {
  /** Environment of a pod in the cluster. */
  readonly env: Readonly<Record<string, string>>;
  readonly issuer: KeyObject;
  /** Service account tokens that are accepted. */
  readonly accepted: Set<string>;
  /** Service account tokens as they were presented. */
  readonly presented: string[];
  readonly tokens: string[];
  /** Statuses that the next requests get instead of an answer. */
  readonly failures: number[];
  lifetimeMs: number;
  /** Writes the pod's token file, as the kubelet does when it rotates it. */
  rotate(token: string): void;
}

export const testWorkload = "ocid1.workload.oc1.iad.aaaatestworkload";

/** The service of an enhanced OKE cluster that exchanges service account tokens: TLS by the cluster's authority, `podKey`. */
export async function startProxymux(t: TestContext, clock: Clock): Promise<FakeProxymux> {
  const { publicKey, privateKey } = createIssuer();
  const directory = await scratchDirectory(t);
  const [caFile, tokenFile] = [join(directory, "ca.crt"), join(directory, "token")];
  writeFileSync(caFile, testCa);
  const fake: FakeProxymux = {
    env: {},
    issuer: publicKey,
    accepted: new Set(),
    presented: [],
    tokens: [],
    failures: [],
    lifetimeMs: 20 * 60_000,
    rotate: (token) => writeFileSync(tokenFile, `${token}\n`),
  };
  const server = await startHttps(t, async (incoming, outgoing) => {
    const body = (await buffer(incoming)).toString("utf8");
    const failure = fake.failures.shift();
    if (failure !== undefined) return void outgoing.writeHead(failure).end();
    if (incoming.method !== "POST" || incoming.url !== "/resourcePrincipalSessionTokens")
      return void outgoing.writeHead(404).end();
    const presented = String(incoming.headers.authorization).replace(/^Bearer /, "");
    fake.presented.push(presented);
    if (!fake.accepted.has(presented)) return void outgoing.writeHead(401).end(`TOPSECRET ${presented}`);
    const { podKey } = JSON.parse(body) as { readonly podKey: string };
    const der = Buffer.from(podKey.replace(/-----[^-]+-----|\s/g, ""), "base64");
    const token = issueSessionToken({
      issuerKey: privateKey,
      publicKey: createPublicKey({ key: der, format: "der", type: "spki" }),
      subject: testWorkload,
      now: clock.now(),
      lifetimeMs: fake.lifetimeMs,
      claims: { res_type: "workload", res_id: testWorkload },
    });
    fake.tokens.push(token);
    const inner = Buffer.from(JSON.stringify({ token: `ST$${token}` })).toString("base64");
    outgoing.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(inner));
  });
  const env = {
    KUBERNETES_SERVICE_HOST: "127.0.0.1",
    KUBERNETES_SERVICE_PORT_PROXYMUX: String(server.port),
    OCI_KUBERNETES_SERVICE_ACCOUNT_CERT_PATH: caFile,
    OCI_KUBERNETES_SERVICE_ACCOUNT_TOKEN_PATH: tokenFile,
  };
  return Object.assign(fake, { env });
}
