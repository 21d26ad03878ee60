import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP, type Socket } from "node:net";
import type { SecureContext } from "node:tls";
import { StorageError } from "../errors.ts";
import { connectionError } from "./connection-error.ts";

export interface TunnelOptions {
  /** `http:` or `https:` URL of the proxy; user and password in it are sent as Basic credentials. */
  readonly proxy: URL;
  readonly host: string;
  readonly port: number;
  /** Milliseconds until the proxy must have opened the tunnel. */
  readonly timeoutMs: number;
  /** Trust for an `https:` proxy; Node's default when undefined. */
  readonly secureContext?: SecureContext | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens a tunnel through a proxy with `CONNECT` (RFC 9110, section 9.3.6) and gives its socket, ready for a TLS handshake.
 *
 * @throws StorageError `connection`: permanent when the proxy asks for credentials (407) or forbids the target (403),
 * temporary when it cannot reach it.
 */
export function openTunnel(options: TunnelOptions): Promise<Socket> {
  const { proxy, signal } = options;
  const authority = `${isIP(options.host) === 6 ? `[${options.host}]` : options.host}:${options.port}`;
  return new Promise((resolve, reject) => {
    const secure = proxy.protocol === "https:";
    const request = (secure ? requestHttps : requestHttp)({
      method: "CONNECT",
      hostname: proxy.hostname.replace(/^\[(.+)\]$/, "$1"),
      port: proxy.port === "" ? (secure ? 443 : 80) : Number(proxy.port),
      path: authority,
      headers: { host: authority, ...proxyAuthorization(proxy) },
      agent: false,
      ...(signal === undefined ? {} : { signal }),
      ...(secure && options.secureContext !== undefined ? { secureContext: options.secureContext } : {}),
    });
    const timer = setTimeout(() => {
      request.destroy(Object.assign(new Error("the proxy does not answer"), { code: "ETIMEDOUT" }));
    }, options.timeoutMs);
    request.once("connect", (response, socket, head) => {
      clearTimeout(timer);
      const status = response.statusCode ?? 0;
      if (status >= 200 && status < 300) {
        if (head.length > 0) socket.unshift(head);
        resolve(socket as Socket);
        return;
      }
      socket.destroy();
      reject(proxyRefusal(status, proxy, authority));
    });
    request.once("error", (error) => {
      clearTimeout(timer);
      reject(connectionError(error, { operation: "connect", target: authority, host: `the proxy ${proxy.host}` }));
    });
    request.end();
  });
}

/** The credentials of a proxy URL as a header, if it has any. */
export function proxyAuthorization(proxy: URL): Record<string, string> {
  if (proxy.username === "") return {};
  const pair = `${decode(proxy.username)}:${decode(proxy.password)}`;
  return { "proxy-authorization": `Basic ${Buffer.from(pair).toString("base64")}` };
}

/** A percent sign that begins no escape stands for itself. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** What a proxy's own answer means: 407 asks for credentials, 403 forbids the target, the rest is its trouble. */
export function proxyRefusal(status: number, proxy: URL, target: string): StorageError {
  const fields = { operation: "connect", target, httpStatus: status } as const;
  if (status === 407) {
    return new StorageError({
      ...fields,
      code: "connection",
      retry: "permanent",
      detail: `the proxy ${proxy.host} ${proxy.username === "" ? "asks for a user and password" : "refuses the user or password"} (407)`,
      hint: "Give them in the proxy's URL, as http://user:password@proxy:port, or add the host to NO_PROXY.",
    });
  }
  const temporary = status >= 500 || status === 429;
  return new StorageError({
    ...fields,
    code: temporary ? "unavailable" : "connection",
    retry: temporary ? "temporary" : "permanent",
    detail: `the proxy ${proxy.host} ${temporary ? "could not open a connection" : "does not allow this connection"} (${status})`,
    hint: temporary
      ? "Run it again; if it persists, check the proxy."
      : "Have the host allowed at the proxy, or add it to NO_PROXY.",
  });
}
