import { startListener } from "../../../src/testing/loopback/start-listener.ts";
import { jsonAnswer } from "../../../src/testing/loopback/web-answer.ts";
import { secretMark } from "../secret-watch.ts";

export interface FakeMetadataServer {
  /** What `GCE_METADATA_HOST` is set to. */
  readonly host: string;
  readonly requests: string[];
  /** What the next requests get instead of an answer. */
  readonly failures: (number | "disconnect")[];
  /** Undefined: the machine has no service account. */
  email: string | undefined;
  lifetimeSeconds: number;
  /** Tokens given so far. */
  tokens: number;
  close(): Promise<void>;
}

/** The metadata server of Google Cloud: 403 without `Metadata-Flavor: Google` and to whatever came through a proxy. */
export async function startMetadataServer(): Promise<FakeMetadataServer> {
  const fake: FakeMetadataServer = {
    host: "",
    requests: [],
    failures: [],
    email: "node@my-project.iam.gserviceaccount.com",
    lifetimeSeconds: 3600,
    tokens: 0,
    close: () => listener.close(),
  };
  const listener = await startListener((incoming) => {
    fake.requests.push(`${incoming.method} ${incoming.url}`);
    const failure = fake.failures.shift();
    if (failure === "disconnect") return failure;
    if (failure !== undefined) return { status: failure };
    const { headers } = incoming;
    if (headers["metadata-flavor"] !== "Google" || headers["x-forwarded-for"] !== undefined) return { status: 403 };
    const path = (incoming.url ?? "").replace("/computeMetadata/v1/instance/service-accounts/default/", "");
    const flavor = { "metadata-flavor": "Google" };
    if (fake.email === undefined) return { status: 404, headers: flavor };
    if (path === "email") return { status: 200, headers: flavor, body: fake.email };
    if (path !== "token") return { status: 404, headers: flavor };
    fake.tokens += 1;
    const token = `ya29.${secretMark}-node-${fake.tokens}`;
    return jsonAnswer({ access_token: token, expires_in: fake.lifetimeSeconds, token_type: "Bearer" }, flavor);
  });
  return Object.assign(fake, { host: new URL(listener.url).host });
}
