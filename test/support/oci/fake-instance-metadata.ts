import type { TestContext } from "node:test";
import type { Clock } from "../../../src/telemetry/clock.ts";
import { startHttp } from "../web-server.ts";
import { intermediateCertificate, leafIdentities, type TestIdentity } from "./certificates.ts";

export interface FakeOciMetadata {
  /** What `OCI_METADATA_BASE_URL` is set to. */
  readonly baseUrl: string;
  /** `GET /opc/v2/…`, in order. */
  readonly requests: string[];
  /** Statuses that the next requests get instead of an answer. */
  readonly failures: number[];
  /** What the instance proves itself with; may be replaced, as rotation does. */
  identity: TestIdentity;
  /** Answers by path; removed ones are 404. */
  readonly documents: Map<string, string>;
  /** Milliseconds of the clock that every answer but the failures takes. */
  delayMs: number;
}

export const regionInfo = {
  realmKey: "oc1",
  realmDomainComponent: "oraclecloud.com",
  regionKey: "IAD",
  regionIdentifier: "us-ashburn-1",
};

/** Instance metadata of OCI, version 2: 401 without `Authorization: Bearer Oracle`. */
export async function startOciMetadata(t: TestContext, clock: Clock): Promise<FakeOciMetadata> {
  const fake: FakeOciMetadata = {
    baseUrl: "",
    requests: [],
    failures: [],
    identity: leafIdentities[0],
    documents: new Map([
      ["instance/regionInfo", JSON.stringify(regionInfo)],
      ["instance/region", "iad"],
    ]),
    delayMs: 0,
  };
  const server = await startHttp(t, async (incoming, outgoing) => {
    fake.requests.push(`${incoming.method} ${incoming.url}`);
    const failure = fake.failures.shift();
    if (failure !== undefined) {
      outgoing.writeHead(failure).end();
      return;
    }
    if (fake.delayMs > 0) await clock.sleep(fake.delayMs);
    if (incoming.headers.authorization !== "Bearer Oracle") {
      outgoing.writeHead(401).end("Unauthorized");
      return;
    }
    const path = (incoming.url ?? "").replace(/^\/opc\/v2\//, "");
    const certificates = new Map([
      ["identity/cert.pem", fake.identity.certificate],
      ["identity/key.pem", fake.identity.privateKey],
      ["identity/intermediate.pem", intermediateCertificate],
    ]);
    const document = fake.documents.get(path) ?? certificates.get(path);
    outgoing.writeHead(document === undefined ? 404 : 200).end(document);
  });
  return Object.assign(fake, { baseUrl: `${server.origin}/opc/v2` });
}
