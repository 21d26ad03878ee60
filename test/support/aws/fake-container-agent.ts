import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import type { TestContext } from "node:test";
import type { Clock } from "../../../src/telemetry/clock.ts";
import { secretMark } from "../secret-watch.ts";
import { startHttp } from "../web-server.ts";
import type { FakePrincipal } from "./fake-sts.ts";

export interface FakeContainerAgent {
  readonly uri: string;
  readonly issued: FakePrincipal[];
  /** Statuses that the next requests get instead of an answer. */
  readonly failures: number[];
}

/** The EKS Pod Identity agent (and, but for the token, the ECS agent): the current service account token opens it. */
export async function startContainerAgent(
  t: TestContext,
  options: { readonly clock: Clock; readonly tokenFile: string; readonly lifetimeMs?: number },
): Promise<FakeContainerAgent> {
  const { clock, lifetimeMs = 60 * 60_000 } = options;
  const issued: FakePrincipal[] = [];
  const failures: number[] = [];
  const server = await startHttp(t, (incoming, outgoing) => {
    const failure = failures.shift();
    const json = (status: number, value: unknown): void => {
      outgoing.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
    };
    if (failure !== undefined) return json(failure, {});
    if (incoming.method !== "GET" || incoming.url !== "/v1/credentials") return json(404, { code: "NotFound" });
    const { authorization } = incoming.headers;
    if (authorization === undefined) return json(400, { code: "InvalidRequest", message: "no token" });
    if (authorization !== readFileSync(options.tokenFile, "utf8").trim()) {
      return json(401, { code: "ExpiredTokenException", message: `token ${authorization} is not valid` });
    }
    const keys: FakePrincipal = {
      accessKeyId: `ASIA${randomBytes(8).toString("hex").toUpperCase()}`,
      secretAccessKey: `${secretMark}/pod/${randomBytes(10).toString("hex")}`,
      sessionToken: `${secretMark}/pod-token/${randomBytes(30).toString("base64")}`,
      arn: "arn:aws:sts::123456789012:assumed-role/pod-role/eks-session",
      expiration: clock.now() + lifetimeMs,
    };
    issued.push(keys);
    json(200, {
      AccessKeyId: keys.accessKeyId,
      SecretAccessKey: keys.secretAccessKey,
      Token: keys.sessionToken,
      AccountId: "123456789012",
      Expiration: new Date(keys.expiration ?? 0).toISOString(),
    });
  });
  return { uri: `${server.origin}/v1/credentials`, issued, failures };
}
