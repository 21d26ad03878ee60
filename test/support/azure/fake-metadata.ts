import type { Clock } from "../../../src/telemetry/clock.ts";
import { startListener } from "../../../src/testing/loopback/start-listener.ts";
import { jsonAnswer } from "../../../src/testing/loopback/web-answer.ts";
import { issueToken } from "./tokens.ts";

/** Identities that are assigned to the machine, by every name they have. */
export const systemIdentity = "00000000-0000-4000-8000-000000000001";
export const userIdentity = {
  client_id: "00000000-0000-4000-8000-000000000002",
  object_id: "00000000-0000-4000-8000-000000000003",
  msi_res_id:
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/model-reader",
} as const;

export interface FakeAzureMetadata {
  /** What `AZURE_POD_IDENTITY_AUTHORITY_HOST` is set to. */
  readonly url: string;
  /** Path and query of every request. */
  readonly requests: string[];
  /** Statuses that the next requests get instead of an answer. */
  readonly failures: number[];
  /** Milliseconds of the clock that every answer takes. */
  delayMs: number;
  lifetimeMs: number;
  /** More than one user-assigned identity and none of the system's: it has to be said which. */
  ambiguous: boolean;
  close(): Promise<void>;
}

/** The identity part of Azure's instance metadata: 400 without `Metadata: true`, tokens for identities that are assigned. */
export async function startAzureMetadata(clock: Clock): Promise<FakeAzureMetadata> {
  const fake = {
    requests: [] as string[],
    failures: [] as number[],
    delayMs: 0,
    lifetimeMs: 24 * 3_600_000,
    ambiguous: false,
  };
  const refuse = (description: string) =>
    jsonAnswer({ error: "invalid_request", error_description: description }, {}, 400);
  const listener = await startListener(async ({ url = "", headers }) => {
    fake.requests.push(url);
    const failure = fake.failures.shift();
    if (failure !== undefined) return jsonAnswer({ error: "server_error" }, {}, failure);
    if (fake.delayMs > 0) await clock.sleep(fake.delayMs);
    const { pathname, searchParams } = new URL(url, "http://metadata");
    if (headers["metadata"] !== "true" || headers["x-forwarded-for"] !== undefined) {
      return refuse("Required metadata header not specified");
    }
    if (!/^\/metadata\/identity\/oauth2\/token\/?$/.test(pathname)) return jsonAnswer({ error: "not_found" }, {}, 404);
    if (searchParams.get("api-version") !== "2018-02-01") return refuse("Invalid version");
    const named = (Object.keys(userIdentity) as (keyof typeof userIdentity)[]).filter((name) => searchParams.has(name));
    if (named.some((name) => searchParams.get(name) !== userIdentity[name])) return refuse("Identity not found");
    if (named.length === 0 && fake.ambiguous) {
      return refuse(
        "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request",
      );
    }
    const expires = Math.floor((clock.now() + fake.lifetimeMs) / 1000);
    const appid = named.length === 0 ? systemIdentity : userIdentity.client_id;
    const token = issueToken({
      aud: searchParams.get("resource") ?? "",
      exp: expires,
      appid,
      oid: userIdentity.object_id,
    });
    return jsonAnswer({
      access_token: token,
      client_id: appid,
      expires_in: String(Math.floor(fake.lifetimeMs / 1000)),
      expires_on: String(expires),
      resource: searchParams.get("resource"),
      token_type: "Bearer",
    });
  });
  return Object.assign(fake, { url: listener.url, close: () => listener.close() });
}
