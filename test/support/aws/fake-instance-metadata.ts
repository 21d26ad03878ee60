import { randomBytes } from "node:crypto";
import type { TestContext } from "node:test";
import type { Clock } from "../../../src/telemetry/clock.ts";
import { secretMark } from "../secret-watch.ts";
import { startHttp } from "../web-server.ts";
import type { FakePrincipal } from "./fake-sts.ts";

export interface FakeInstanceMetadataOptions {
  readonly clock: Clock;
  /** Name of the instance's role; undefined when none is attached. */
  readonly role?: string | undefined;
  readonly lifetimeMs?: number;
  /** Answers to the token request do not reach containers. */
  readonly hopLimitTooLow?: boolean;
  /** The instance's metadata options are off: 403 to everything. */
  readonly disabled?: boolean;
  /** An interceptor without the token path, as IMDSv1 was. */
  readonly version1?: boolean;
}

export interface FakeInstanceMetadata {
  readonly endpoint: string;
  /** `PUT /latest/api/token` and the like, in order. */
  readonly requests: string[];
  readonly issued: FakePrincipal[];
  /** Statuses that the next requests get instead of an answer. */
  readonly failures: number[];
  /** Milliseconds of the fake's clock that every answer but those failures takes. */
  delayMs: number;
}

const rolesPath = "/latest/meta-data/iam/security-credentials/";

/** IMDSv2 as EC2 has it: a token request with a lifetime, 401 without a valid token, 404 without a role. */
export async function startInstanceMetadata(
  t: TestContext,
  options: FakeInstanceMetadataOptions,
): Promise<FakeInstanceMetadata> {
  const { clock, role, lifetimeMs = 6 * 60 * 60_000 } = options;
  const tokens = new Map<string, number>();
  const fake: FakeInstanceMetadata = { endpoint: "", requests: [], issued: [], failures: [], delayMs: 0 };

  function answerTo(method: string, path: string, headers: Readonly<Record<string, unknown>>): [number, string] {
    if (options.disabled) return [403, ""];
    if (path === "/latest/api/token" && !options.version1) {
      const seconds = Number(headers["x-aws-ec2-metadata-token-ttl-seconds"]);
      if (method !== "PUT") return [405, ""];
      if (headers["x-forwarded-for"] !== undefined) return [403, ""];
      if (!(seconds >= 1 && seconds <= 21_600)) return [400, ""];
      const token = `${secretMark}${randomBytes(20).toString("hex")}`;
      tokens.set(token, clock.now() + seconds * 1000);
      return [200, token];
    }
    const validUntil = tokens.get(String(headers["x-aws-ec2-metadata-token"])) ?? 0;
    if (!options.version1 && validUntil <= clock.now()) return [401, ""];
    if (role === undefined || method !== "GET") return [404, ""];
    if (path === rolesPath) return [200, `${role}\n`];
    if (path !== rolesPath + role) return [404, ""];
    const keys: FakePrincipal = {
      accessKeyId: `ASIA${randomBytes(8).toString("hex").toUpperCase()}`,
      secretAccessKey: `${secretMark}/imds/${randomBytes(10).toString("hex")}`,
      sessionToken: `${secretMark}/imds-token/${randomBytes(30).toString("base64")}`,
      arn: `arn:aws:sts::123456789012:assumed-role/${role}/i-0123456789`,
      expiration: clock.now() + lifetimeMs,
    };
    fake.issued.push(keys);
    return [
      200,
      JSON.stringify({
        Code: "Success",
        Type: "AWS-HMAC",
        LastUpdated: new Date(clock.now()).toISOString(),
        AccessKeyId: keys.accessKeyId,
        SecretAccessKey: keys.secretAccessKey,
        Token: keys.sessionToken,
        Expiration: new Date(keys.expiration ?? 0).toISOString(),
      }),
    ];
  }

  const server = await startHttp(t, async (incoming, outgoing) => {
    const path = incoming.url ?? "";
    fake.requests.push(`${incoming.method} ${path}`);
    if (options.hopLimitTooLow && incoming.method === "PUT") return;
    const failure = fake.failures.shift();
    if (failure !== undefined) {
      outgoing.writeHead(failure).end();
      return;
    }
    if (fake.delayMs > 0) await clock.sleep(fake.delayMs);
    const [status, body] = answerTo(incoming.method ?? "", path, incoming.headers);
    outgoing.writeHead(status, { "content-type": "text/plain" }).end(body);
  });
  return Object.assign(fake, { endpoint: server.origin });
}
