import { isIP } from "node:net";
import { type SecureContext, TLSSocket } from "node:tls";
import { Agent, buildConnector, Dispatcher } from "undici";
import type { NetworkProfile } from "./network-profile.ts";
import { proxyFor } from "./proxy-for.ts";
import { noteIssuer } from "./tls-error.ts";
import { trustContext } from "./trust.ts";
import { openTunnel, proxyAuthorization } from "./tunnel.ts";

export interface DispatcherOptions {
  /** Milliseconds for TCP, tunnel and TLS each. Default 10,000. */
  readonly connectTimeoutMs?: number | undefined;
  /** Milliseconds until an answer's headers must have come. Default 60,000. */
  readonly headersTimeoutMs?: number | undefined;
  /** Milliseconds without a byte of an answer's body. Default 60,000. */
  readonly bodyTimeoutMs?: number | undefined;
  /** Connections per origin. Default 64. */
  readonly connections?: number | undefined;
}

/**
 * The HTTP dispatcher of a profile, for everything but the engine's bulk reads: HTTP/1.1 with keep-alive, the profile's
 * authorities, its proxies chosen per target. The caller closes it.
 */
export function createDispatcher(profile: NetworkProfile, options: DispatcherOptions = {}): Dispatcher {
  return new ProfileDispatcher(profile, options);
}

/** The profile's TLS context, made when it is first needed. */
type Trust = () => SecureContext | undefined;

class ProfileDispatcher extends Dispatcher {
  readonly #profile: NetworkProfile;
  /** Targets, reached directly or through a tunnel. */
  readonly #targets: Agent;
  /** Proxies that forward plain HTTP themselves. */
  readonly #proxies: Agent;

  constructor(profile: NetworkProfile, options: DispatcherOptions) {
    super();
    this.#profile = profile;
    const timeoutMs = options.connectTimeoutMs ?? 10_000;
    // Parsing the authorities takes milliseconds, and many dispatchers never speak TLS.
    let parsed: { readonly context: SecureContext | undefined } | undefined;
    const trust: Trust = () => {
      parsed ??= { context: trustContext(profile) };
      return parsed.context;
    };
    const direct = directConnector(trust, timeoutMs);
    const agentOptions: Agent.Options = {
      connections: options.connections ?? 64,
      headersTimeout: options.headersTimeoutMs ?? 60_000,
      bodyTimeout: options.bodyTimeoutMs ?? 60_000,
      allowH2: false,
    };
    this.#targets = new Agent({ ...agentOptions, connect: tunnelingConnector(profile, direct, trust, timeoutMs) });
    this.#proxies = new Agent({ ...agentOptions, connect: proxyConnector(direct) });
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const origin = new URL(String(options.origin));
    const proxy = origin.protocol === "http:" ? proxyFor(this.#profile, origin) : undefined;
    return proxy === undefined
      ? this.#targets.dispatch(options, handler)
      : this.#proxies.dispatch(forwarded(options, origin, proxy), handler);
  }

  override async close(): Promise<void> {
    await Promise.all([this.#targets.close(), this.#proxies.close()]);
  }

  override async destroy(): Promise<void> {
    await Promise.all([this.#targets.destroy(), this.#proxies.destroy()]);
  }
}

/** A plain HTTP request in the form that proxies take: absolute URL, the target's Host, the proxy's credentials. */
function forwarded(options: Dispatcher.DispatchOptions, origin: URL, proxy: URL): Dispatcher.DispatchOptions {
  const headers = { host: origin.host, ...headerRecord(options.headers), ...proxyAuthorization(proxy) };
  // undici takes the TLS name from the Host header, and opens a new connection whenever it changes.
  const servername = proxy.hostname;
  return Object.assign(
    { ...options, origin: proxy.origin, path: origin.origin + options.path, headers },
    { servername },
  );
}

function headerRecord(headers: Dispatcher.DispatchOptions["headers"]): Record<string, string | string[] | undefined> {
  if (headers === null || headers === undefined) return {};
  if (Array.isArray(headers) && headers.every((entry) => typeof entry === "string")) {
    const record: Record<string, string> = {};
    for (let index = 0; index + 1 < headers.length; index += 2) record[headers[index] ?? ""] = headers[index + 1] ?? "";
    return record;
  }
  if (Symbol.iterator in headers)
    return Object.fromEntries(headers as Iterable<[string, string | string[] | undefined]>);
  return { ...headers } as Record<string, string | string[] | undefined>;
}

/** Connects to the host itself, or does the TLS handshake over a tunnel that is given. */
function directConnector(trust: Trust, timeoutMs: number): buildConnector.connector {
  const plain = buildConnector({ allowH2: false, timeout: timeoutMs });
  let secure: buildConnector.connector | undefined;
  return (options, callback) => {
    if (options.protocol !== "https:") return plain(options, callback);
    secure ??= buildConnector({ allowH2: false, timeout: timeoutMs, ...secureContextOption(trust()) });
    const socket: unknown = secure(options, callback);
    if (socket instanceof TLSSocket) noteIssuer(socket);
    return socket;
  };
}

/** Connects to a proxy under its own name, whatever the Host header of the forwarded request says. */
function proxyConnector(direct: buildConnector.connector): buildConnector.connector {
  return ({ servername: _target, ...options }, callback) => {
    const host = options.hostname;
    return direct(isIP(host) === 0 ? { ...options, host, servername: host } : { ...options, host }, callback);
  };
}

function secureContextOption(secureContext: SecureContext | undefined): { secureContext?: SecureContext } {
  return secureContext === undefined ? {} : { secureContext };
}

function tunnelingConnector(
  profile: NetworkProfile,
  direct: buildConnector.connector,
  trust: Trust,
  timeoutMs: number,
): buildConnector.connector {
  return (options, callback) => {
    const proxy = options.protocol === "https:" ? proxyFor(profile, targetUrl(options)) : undefined;
    if (proxy === undefined) {
      direct(options, callback);
      return;
    }
    const port = options.port === "" ? 443 : Number(options.port);
    openTunnel({
      proxy,
      host: options.hostname,
      port,
      timeoutMs,
      secureContext: proxy.protocol === "https:" ? trust() : undefined,
    }).then(
      (httpSocket) => direct({ ...options, httpSocket }, callback),
      (error: Error) => callback(error, null),
    );
  };
}

function targetUrl(options: buildConnector.Options): URL {
  const host = isIP(options.hostname) === 6 ? `[${options.hostname}]` : options.hostname;
  return new URL(`${options.protocol}//${host}${options.port === "" ? "" : `:${options.port}`}/`);
}
