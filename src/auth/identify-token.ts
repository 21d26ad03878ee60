import type { Dispatcher } from "undici";
import { createDispatcher } from "../network/dispatcher.ts";
import type { AuthRequest, Identity } from "./auth-request.ts";
import { cancelled } from "./cancelled.ts";
import { withTimeLimit } from "./time-limit.ts";
import type { TokenProvider } from "./token-credentials.ts";

const timeoutMs = 10_000;

export interface TokenQuestion {
  /** Address that answers with the token's owner. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Field of the answer that names the owner. */
  readonly field: string;
  readonly token: string;
  readonly source: string;
}

/** Asks whose token it is; unknown where the service does not say. Never shows a part of the token. */
export async function identifyToken(
  request: AuthRequest<TokenProvider>,
  question: TokenQuestion,
  signal: AbortSignal,
): Promise<Identity> {
  const { source } = question;
  const unknown: Identity = { kind: "unknown", name: "unknown", source, confirmed: false };
  const dispatcher = createDispatcher(request.network);
  try {
    const name = await withTimeLimit(request.clock, timeoutMs, signal, (limited) => ask(dispatcher, question, limited));
    return name === undefined ? unknown : { kind: "user", name, source, confirmed: true };
  } catch (error) {
    if (signal.aborted) throw cancelled(signal, "identify caller");
    const reason = error instanceof Error ? error.message : String(error);
    request.logger.debug({ provider: request.provider, reason }, "identity is not confirmed");
    return unknown;
  } finally {
    await dispatcher.destroy();
  }
}

async function ask(
  dispatcher: Dispatcher,
  { url, headers, field, token }: TokenQuestion,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { origin, pathname, search } = new URL(url);
  const answer = await dispatcher.request({
    origin,
    path: pathname + search,
    method: "GET",
    headers: { "user-agent": "model-agent", ...headers, authorization: `Bearer ${token}` },
    signal,
  });
  if (answer.statusCode !== 200) {
    await answer.body.dump();
    throw new Error(`${origin} answers ${answer.statusCode} when asked for the token's owner`);
  }
  const value: unknown = await answer.body.json();
  const name = typeof value === "object" && value !== null ? (value as Record<string, unknown>)[field] : undefined;
  return typeof name === "string" && name !== "" ? name : undefined;
}
