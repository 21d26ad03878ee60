import { connect as connectTcp, isIP, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from "node:tls";
import { connectionError } from "../../network/connection-error.ts";
import type { NetworkProfile } from "../../network/network-profile.ts";
import { proxyFor } from "../../network/proxy-for.ts";
import { noteIssuer } from "../../network/tls-error.ts";
import type { Origin } from "../http/origin.ts";
import { ReadFailureError } from "../http/read-failure.ts";
import type { BufferPool } from "./buffer-pool.ts";
import { Connection } from "./connection.ts";
import type { TlsContexts } from "./tls-contexts.ts";

/** Where and how to open a connection. Times in milliseconds. */
export interface DialOptions {
  readonly url: URL;
  readonly origin: Origin;
  /** Tried in this order, overlapping. Unused where a proxy resolves the name. */
  readonly addresses: readonly string[];
  readonly network: NetworkProfile;
  readonly contexts: TlsContexts;
  readonly pool: BufferPool;
  readonly connectTimeoutMs: number;
  /** Head start of an address before the next one is tried as well. */
  readonly headStartMs: number;
  readonly signal: AbortSignal;
  readonly onAddress: (address: string, connected: boolean) => void;
  readonly onClose: (connection: Connection) => void;
}

/** Opens a connection to whichever address answers first, or through the profile's proxy. Throws {@link ReadFailureError}. */
export function dial(options: DialOptions): Promise<Connection> {
  const proxy = proxyFor(options.network, options.url);
  if (proxy === undefined) return raceAddresses(options);
  return options.origin.secure ? dialThroughTunnel(options, proxy) : dialProxy(options, proxy);
}

/** One that is this much slower than the winner, in milliseconds, counts as not connecting. */
const muchSlowerMs = 200;

function raceAddresses(options: DialOptions): Promise<Connection> {
  const { addresses, onAddress } = options;
  const race = new AbortController();
  const signal = AbortSignal.any([options.signal, race.signal]);
  return new Promise((resolve, reject) => {
    const running = new Map<string, number>();
    let next = 0;
    let firstError: unknown;
    let timer: NodeJS.Timeout | undefined;
    const won = (address: string, connection: Connection): void => {
      clearTimeout(timer);
      const now = performance.now();
      const neededMs = now - (running.get(address) ?? now);
      running.delete(address);
      onAddress(address, true);
      for (const [other, since] of running) if (now - since > neededMs + muchSlowerMs) onAddress(other, false);
      race.abort();
      resolve(connection);
    };
    const lost = (address: string, error: unknown): void => {
      running.delete(address);
      if (signal.aborted && !options.signal.aborted) return;
      firstError ??= error;
      if (!options.signal.aborted) onAddress(address, false);
      if (next < addresses.length) start();
      else if (running.size === 0) {
        clearTimeout(timer);
        reject(firstError);
      }
    };
    const start = (): void => {
      clearTimeout(timer);
      const address = addresses[next];
      if (address === undefined) return;
      next += 1;
      running.set(address, performance.now());
      timer = setTimeout(start, options.headStartMs);
      dialAddress(address, options, signal).then(
        (connection) => won(address, connection),
        (error: unknown) => lost(address, error),
      );
    };
    start();
  });
}

function dialAddress(address: string, options: DialOptions, signal: AbortSignal): Promise<Connection> {
  const connection = new Connection(options.pool, options.onClose);
  const { origin } = options;
  const socket = origin.secure
    ? openTls({ ...tlsOptions(options), host: address, port: origin.port, onread: connection.onread })
    : connectTcp({ host: address, port: origin.port, onread: connection.onread });
  return established(socket, origin.secure ? "secureConnect" : "connect", connection, options, signal);
}

/** The proxy forwards plain HTTP itself: it is spoken to as if it were the server, with absolute request targets. */
function dialProxy(options: DialOptions, proxy: URL): Promise<Connection> {
  const connection = new Connection(options.pool, options.onClose);
  const port = proxy.port === "" ? (proxy.protocol === "https:" ? 443 : 80) : Number(proxy.port);
  const host = proxy.hostname.replace(/^\[|\]$/g, "");
  const secure = proxy.protocol === "https:";
  const socket = secure
    ? openTls({
        ...tlsOptions(options),
        servername: isIP(host) === 0 ? host : "",
        host,
        port,
        onread: connection.onread,
      })
    : connectTcp({ host, port, onread: connection.onread });
  return established(socket, secure ? "secureConnect" : "connect", connection, options, options.signal);
}

async function dialThroughTunnel(options: DialOptions, proxy: URL): Promise<Connection> {
  const { origin } = options;
  const { openTunnel } = await import("../../network/tunnel.ts");
  const tunnel = await openTunnel({
    proxy,
    host: origin.host,
    port: origin.port,
    timeoutMs: options.connectTimeoutMs,
    secureContext: options.contexts.get(options.network),
    signal: options.signal,
  }).catch((error: unknown) => {
    throw dialFailure(error, origin);
  });
  const connection = new Connection(options.pool, options.onClose);
  const socket = openTls({ ...tlsOptions(options), host: origin.host, socket: tunnel });
  socket.on("data", (chunk: Buffer) => connection.push(chunk));
  return established(socket, "secureConnect", connection, options, options.signal);
}

function tlsOptions(options: DialOptions): ConnectionOptions {
  const { host } = options.origin;
  return {
    servername: isIP(host) === 0 ? host : "",
    secureContext: options.contexts.get(options.network),
    session: options.contexts.session(options.origin.text, options.network),
    ALPNProtocols: ["http/1.1"],
  };
}

/** `tls.connect` passes the options of `net.connect` on, `onread` among them (nodejs/node#35753). */
function openTls(options: ConnectionOptions & { readonly onread?: Connection["onread"] }): TLSSocket {
  const socket = connectTls(options as ConnectionOptions);
  noteIssuer(socket);
  return socket;
}

function established(
  socket: Socket,
  event: "connect" | "secureConnect",
  connection: Connection,
  options: DialOptions,
  signal: AbortSignal,
): Promise<Connection> {
  const { origin, network, connectTimeoutMs } = options;
  connection.attach(socket);
  if (origin.secure) socket.on("session", (session) => options.contexts.keepSession(origin.text, network, session));
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      socket.off("error", stop);
    };
    const stop = (error: Error): void => {
      settle();
      socket.destroy();
      reject(dialFailure(error, origin));
    };
    const onAbort = (): void => stop(Object.assign(new Error("given up"), { code: "ECONNABORTED" }));
    const timer = setTimeout(
      () => stop(Object.assign(new Error(`no connection within ${connectTimeoutMs} ms`), { code: "ETIMEDOUT" })),
      connectTimeoutMs,
    );
    signal.addEventListener("abort", onAbort, { once: true });
    socket.once("error", stop);
    socket.once(event, () => {
      settle();
      socket.setNoDelay(true);
      resolve(connection);
    });
    if (signal.aborted) onAbort();
  });
}

function dialFailure(error: unknown, origin: Origin): ReadFailureError {
  const known = connectionError(error, { operation: "read", host: origin.host });
  const kind = known.retry === "permanent" ? "tls" : "connect";
  return new ReadFailureError({ kind, detail: known.detail, serviceCode: known.serviceCode, error: known.fields() });
}
