import type { NetworkProfile } from "../../network/network-profile.ts";
import { type Origin, originOf } from "../http/origin.ts";
import type { BufferPool } from "./buffer-pool.ts";
import type { Connection } from "./connection.ts";
import { dial } from "./dial.ts";
import type { LaneEvent, Route } from "./lane-messages.ts";
import { TlsContexts } from "./tls-contexts.ts";

/** Head start of an address before the next one is tried as well: RFC 8305 section 5 recommends 250 ms. */
const headStartMs = { least: 250, most: 1000 } as const;

interface Leased {
  readonly connection: Connection;
  /** It had served a request before. */
  readonly reused: boolean;
}

/** The lane's connections: idle ones are used again for the same origin and network profile. */
export class ConnectionCache {
  readonly #pool: BufferPool;
  readonly #connectTimeoutMs: number;
  readonly #emit: (event: LaneEvent) => void;
  readonly #contexts = new TlsContexts();
  readonly #idle = new Map<string, Connection[]>();
  readonly #all = new Set<Connection>();
  /** How long connecting took last, by origin, in milliseconds. */
  readonly #connectMs = new Map<string, number>();
  readonly #closing = new AbortController();

  constructor(pool: BufferPool, connectTimeoutMs: number, emit: (event: LaneEvent) => void) {
    this.#pool = pool;
    this.#connectTimeoutMs = connectTimeoutMs;
    this.#emit = emit;
  }

  /** A connection for the origin of `url`. Throws ReadFailureError. */
  async lease(run: number, url: URL, route: Route, fresh: boolean, signal: AbortSignal): Promise<Leased> {
    const origin = originOf(url);
    const idle = fresh ? undefined : this.#takeIdle(keyOf(origin, route.network));
    if (idle !== undefined) return { connection: idle, reused: true };
    const usualMs = this.#connectMs.get(origin.text) ?? 0;
    const started = performance.now();
    const connection = await dial({
      url,
      origin,
      addresses: route.addresses.length > 0 ? route.addresses : [origin.host],
      network: route.network,
      contexts: this.#contexts,
      pool: this.#pool,
      connectTimeoutMs: this.#connectTimeoutMs,
      headStartMs: Math.min(headStartMs.most, Math.max(headStartMs.least, 2 * usualMs)),
      signal: AbortSignal.any([signal, this.#closing.signal]),
      onAddress: (address, connected) => this.#emit({ type: "address", run, address, connected }),
      onClose: (closed) => this.#all.delete(closed),
    });
    this.#connectMs.set(origin.text, performance.now() - started);
    this.#all.add(connection);
    return { connection, reused: false };
  }

  #takeIdle(key: string): Connection | undefined {
    const list = this.#idle.get(key) ?? [];
    for (let connection = list.pop(); connection !== undefined; connection = list.pop()) {
      if (connection.usable) return connection;
    }
    return undefined;
  }

  /** Keeps the connection for the next lease if it is still good. */
  giveBack(url: URL, route: Route, connection: Connection): void {
    if (!connection.usable) return;
    const key = keyOf(originOf(url), route.network);
    const list = this.#idle.get(key);
    if (list === undefined) this.#idle.set(key, [connection]);
    else list.push(connection);
  }

  /** Destroys every socket. */
  close(): void {
    this.#closing.abort();
    for (const connection of this.#all) connection.destroy();
  }
}

function keyOf(origin: Origin, network: NetworkProfile): string {
  return `${origin.text} ${network.id}`;
}
