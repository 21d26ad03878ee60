import type { TestContext } from "node:test";
import { secretMark } from "../secret-watch.ts";
import { startHttp } from "../web-server.ts";

export interface FakeSso {
  readonly endpoint: string;
  /** The access token that is valid now. */
  accessToken: string;
}

/** The SSO portal: role keys for a valid access token (https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/). */
export async function startSso(t: TestContext): Promise<FakeSso> {
  const fake: FakeSso = { endpoint: "", accessToken: `${secretMark}-sso-1` };
  const server = await startHttp(t, (incoming, outgoing) => {
    const url = new URL(incoming.url ?? "", "http://sso");
    const wanted =
      url.searchParams.get("role_name") === "Reader" && url.searchParams.get("account_id") === "123456789012";
    outgoing.setHeader("content-type", "application/json");
    if (incoming.headers["x-amz-sso_bearer_token"] !== fake.accessToken) {
      outgoing.writeHead(401, { "x-amzn-errortype": "UnauthorizedException" });
      outgoing.end(JSON.stringify({ message: "Session token not found or invalid" }));
    } else if (url.pathname !== "/federation/credentials" || !wanted) {
      outgoing
        .writeHead(403, { "x-amzn-errortype": "ForbiddenException" })
        .end(JSON.stringify({ message: "No access" }));
    } else {
      outgoing.end(
        JSON.stringify({
          roleCredentials: {
            accessKeyId: "ASIASSOROLE00001",
            secretAccessKey: `${secretMark}/sso/key`,
            sessionToken: `${secretMark}/sso/token`,
            expiration: Date.now() + 3_600_000,
          },
        }),
      );
    }
  });
  return Object.assign(fake, { endpoint: server.origin });
}
