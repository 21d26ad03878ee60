import { type ErrorCode, isStorageError, StorageError, toStorageError } from "../errors.ts";
import { tlsError } from "./tls-error.ts";

/** What was being done when a connection failed. */
export interface ConnectionContext {
  readonly operation: string;
  /** Redacted name of what it was done to. */
  readonly target?: string | undefined;
  /** Host, and port where it matters, for the message. */
  readonly host: string;
  readonly provider?: string | undefined;
}

interface Explanation {
  readonly code: ErrorCode;
  readonly detail: (host: string) => string;
  readonly hint: string;
}

const firewallHint =
  "Check that the endpoint is right and that firewalls and proxies (HTTPS_PROXY, NO_PROXY) let this machine reach it.";
const timedOut: Explanation = { code: "timeout", detail: (host) => `${host} does not answer`, hint: firewallHint };
const broken: Explanation = {
  code: "connection",
  detail: (host) => `the connection to ${host} broke`,
  hint: "Run it again to continue; if it keeps happening, look for a proxy or firewall that cuts connections.",
};
const unreachable: Explanation = {
  code: "connection",
  detail: (host) => `${host} cannot be reached`,
  hint: firewallHint,
};

/** What the tunnel through a proxy calls itself; its errors take on what the caller was doing. */
const tunnelOperation = "connect";

/** Error codes of Node and undici, and what they mean to the person who reads the message. */
const explanations: Readonly<Record<string, Explanation>> = {
  ECONNREFUSED: {
    code: "connection",
    detail: (host) => `${host} refuses connections`,
    hint: "Check the endpoint's host and port, and that the service runs.",
  },
  ENOTFOUND: {
    code: "connection",
    detail: (host) => `the name ${host} does not exist`,
    hint: "Check the spelling of endpoint, region and bucket, and this machine's DNS.",
  },
  EAI_AGAIN: {
    code: "connection",
    detail: (host) => `the name ${host} cannot be resolved at the moment`,
    hint: "Check this machine's DNS; it is tried again when the operation is retried.",
  },
  ECONNRESET: broken,
  EPIPE: broken,
  ECONNABORTED: broken,
  UND_ERR_SOCKET: broken,
  ETIMEDOUT: timedOut,
  UND_ERR_CONNECT_TIMEOUT: timedOut,
  UND_ERR_HEADERS_TIMEOUT: timedOut,
  UND_ERR_BODY_TIMEOUT: { ...timedOut, code: "stalled", detail: (host) => `${host} stopped sending` },
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: {
    ...broken,
    code: "truncated",
    detail: (host) => `the answer of ${host} ended early`,
  },
  EHOSTUNREACH: unreachable,
  ENETUNREACH: unreachable,
  EADDRNOTAVAIL: unreachable,
};

const notHttp: Explanation = {
  code: "protocol",
  detail: (host) => `the answer of ${host} is not valid HTTP`,
  hint: "Check the endpoint's port, and proxies on the way.",
};

function explain(error: Error): Explanation | undefined {
  const code = codeOf(error);
  // undici's parser does not always say a code.
  return code.startsWith("HPE_") || error.name === "HTTPParserError" ? notHttp : explanations[code];
}

/** True when an error, or what caused it, is a failure to connect or to stay connected, a refused certificate included. */
export function isConnectionError(error: unknown): boolean {
  return causes(error).some(
    (cause) => isStorageError(cause) || explain(cause) !== undefined || tlsError(cause, { operation: "", host: "" }),
  );
}

/**
 * Turns what a socket, undici or an SDK threw into a {@link StorageError}: refused certificates and proxies as permanent
 * `connection`, everything that a new attempt may heal as temporary. What is no network failure goes the way of
 * {@link toStorageError}.
 */
export function connectionError(error: unknown, context: ConnectionContext): StorageError {
  const chain = causes(error);
  if (isStorageError(error) && error.operation !== tunnelOperation) return error;
  for (const cause of chain) {
    if (isStorageError(cause))
      return cause.with({ operation: context.operation, target: context.target, provider: context.provider });
    const refused = tlsError(cause, context);
    if (refused !== undefined) return refused;
    const explanation = explain(cause);
    if (explanation !== undefined) {
      return new StorageError({
        code: explanation.code,
        operation: context.operation,
        target: context.target,
        provider: context.provider,
        serviceCode: codeOf(cause),
        detail: explanation.detail(context.host),
        hint: explanation.hint,
        cause: error,
      });
    }
  }
  return toStorageError(error, context.operation, context.target);
}

/** The error, its causes and the members of aggregates, outermost first, at most 16 of them. */
function causes(error: unknown): Error[] {
  const found: Error[] = [];
  const queue: unknown[] = [error];
  while (queue.length > 0 && found.length < 16) {
    const next = queue.shift();
    if (!(next instanceof Error) || found.includes(next)) continue;
    found.push(next);
    if (next instanceof AggregateError) queue.push(...next.errors);
    queue.push(next.cause);
  }
  return found;
}

function codeOf(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : "";
}
