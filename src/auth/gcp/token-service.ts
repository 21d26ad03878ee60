import type { Dispatcher } from "undici";
import { StorageError } from "../../errors.ts";
import type { AuthRequest } from "../auth-request.ts";
import { askMetadata, type MetadataContext, waitForMetadata } from "../metadata-service.ts";
import { type GcpAuthFields, refusal, unauthenticated } from "./auth-error.ts";
import type { GcpToken } from "./credentials.ts";

/** What logins send requests with. */
export interface GcpLoginContext extends Pick<AuthRequest, "env" | "clock" | "logger"> {
  /** Through the network's proxies. */
  readonly dispatcher: Dispatcher;
  /** Never through a proxy: for services on the node. */
  readonly local: Dispatcher;
}

export interface TokenQuestion extends GcpAuthFields {
  readonly url: URL;
  /** Name of the service for people: `oauth2.googleapis.com`. */
  readonly service: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A form, or a JSON document. */
  readonly body: URLSearchParams | Readonly<Record<string, unknown>>;
  /** What to do about a refusal that says nothing known. */
  readonly hint: string;
}

/**
 * Asks an OAuth service for an access token and repeats while it has a problem of its own.
 *
 * @throws StorageError `unauthenticated` when it refuses, `connection` and its like when it cannot be reached, `cancelled`.
 */
export async function askForToken(
  context: GcpLoginContext,
  question: TokenQuestion,
  signal: AbortSignal,
): Promise<GcpToken> {
  const { url, service, operation, asked, hint, headers = {}, body } = question;
  const { dispatcher, clock, logger } = context;
  const form = body instanceof URLSearchParams;
  const contentType = form ? "application/x-www-form-urlencoded" : "application/json";
  const request = {
    url,
    method: "POST",
    headers: { accept: "application/json", "content-type": contentType, ...headers },
    body: form ? body.toString() : JSON.stringify(body),
  } as const;
  const asking: MetadataContext = { dispatcher, clock, logger, service, operation, provider: "gcp", patient: false };
  const answer = await waitForMetadata(asking, signal, () => askMetadata(asking, request, signal));
  if (answer.status !== 200) throw refusal(answer, { operation, asked, service, hint });
  const token = readToken(answer.body, clock.now());
  if (token !== undefined) return token;
  throw unauthenticated({
    operation,
    asked,
    code: "protocol",
    retry: "permanent",
    detail: `the answer of ${service} holds no token`,
    hint: "Check the address in the credential file, and proxies on the way.",
  });
}

/** A token of RFC 6749 (`access_token`, `expires_in` seconds) or of the IAM API (`accessToken`, `expireTime`). */
export function readToken(body: string, now: number): GcpToken | undefined {
  try {
    const answer = JSON.parse(body) as Readonly<Record<string, unknown>>;
    const token = answer["access_token"] ?? answer["accessToken"];
    // Metadata servers fill short tokens up with dots, which belong to them.
    if (typeof token !== "string" || !/^[\x21-\x7e]+$/.test(token)) return undefined;
    return { token, expiration: expirationOf(answer, now) };
  } catch {
    return undefined;
  }
}

function expirationOf(answer: Readonly<Record<string, unknown>>, now: number): number | undefined {
  const seconds = Number(answer["expires_in"]);
  if (answer["expires_in"] !== undefined && Number.isFinite(seconds)) return now + seconds * 1000;
  const time = typeof answer["expireTime"] === "string" ? Date.parse(answer["expireTime"]) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}

/** A URL of a credential file; what is no URL, or sends secrets in the clear over a network, is refused. */
export function addressIn(value: unknown, name: string, fallback?: string): URL {
  const text = value === undefined && fallback !== undefined ? fallback : value;
  if (typeof text === "string" && URL.canParse(text)) {
    const url = new URL(text);
    const loopback = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
    if (url.protocol === "https:" || (url.protocol === "http:" && loopback)) return url;
  }
  throw new StorageError({
    code: "config_invalid",
    operation: "read credential file",
    provider: "gcp",
    detail: `its ${name} is no https:// address`,
    hint: "Download the credential file again.",
  });
}
