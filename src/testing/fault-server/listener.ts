import { createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { createSecureContext, TLSSocket } from "node:tls";
import type { OutageMode } from "./fault-action.ts";

/** A connection that a client opened. */
export interface AcceptedConnection {
  /** From 1, in order of acceptance. */
  readonly number: number;
  readonly raw: Socket;
  /** The raw socket, or TLS over it. */
  readonly stream: Socket;
  readonly serverAddress: string;
  readonly clientAddress: string;
  /** Aborts when the connection is closed. */
  readonly gone: AbortSignal;
  /** Sends TCP RST. */
  reset(): void;
}

export interface Listener {
  readonly port: number;
  readonly accepted: number;
  outage(ms: number, mode?: OutageMode): Promise<void>;
  close(): Promise<void>;
}

/** Listens on one free port of all addresses. Rejects with the system's error when that fails. */
export async function listen(options: {
  readonly addresses: readonly string[];
  /** Those that accept and never answer. */
  readonly deadAddresses: readonly string[];
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  readonly onConnection: (connection: AcceptedConnection) => void;
}): Promise<Listener> {
  const secureContext = options.tls === undefined ? undefined : createSecureContext(options.tls);
  const open = new Set<AcceptedConnection>();
  let accepted = 0;
  let out: OutageMode | undefined;
  const closing = new AbortController();

  const accept = (raw: Socket): void => {
    if (out === "reset" || out === "refuse") {
      raw.resetAndDestroy();
      return;
    }
    accepted++;
    const serverAddress = raw.localAddress ?? "";
    const silent = out === "silent" || options.deadAddresses.includes(serverAddress);
    const stream = secureContext === undefined || silent ? raw : new TLSSocket(raw, { isServer: true, secureContext });
    const gone = new AbortController();
    const connection: AcceptedConnection = {
      number: accepted,
      raw,
      stream,
      serverAddress,
      clientAddress: raw.remoteAddress ?? "",
      gone: gone.signal,
      reset: () => {
        raw.resetAndDestroy();
        stream.destroy();
      },
    };
    open.add(connection);
    raw.setNoDelay(true);
    const ignore = (): void => {};
    raw.on("error", ignore);
    stream.on("error", ignore);
    raw.on("close", () => {
      open.delete(connection);
      gone.abort();
    });
    if (silent) raw.resume();
    else options.onConnection(connection);
  };

  const resetAll = (): void => {
    for (const connection of open) connection.reset();
  };
  let servers = await bindAll(options.addresses, 0, accept);
  const port = portOf(servers[0]);

  return {
    port,
    get accepted() {
      return accepted;
    },
    outage: async (ms, mode = "refuse") => {
      out = mode;
      resetAll();
      if (mode === "refuse") await unbindAll(servers);
      await sleep(ms, undefined, { signal: closing.signal }).catch(() => {});
      if (mode === "refuse" && !closing.signal.aborted) servers = await bindAll(options.addresses, port, accept);
      if (closing.signal.aborted) await unbindAll(servers);
      out = undefined;
      if (mode === "silent") resetAll();
    },
    close: async () => {
      closing.abort();
      resetAll();
      await unbindAll(servers);
    },
  };
}

async function bindAll(addresses: readonly string[], port: number, accept: (raw: Socket) => void): Promise<Server[]> {
  for (let attempt = 1; ; attempt++) {
    const servers: Server[] = [];
    let shared = port;
    try {
      for (const address of addresses) {
        const server = createServer(accept);
        servers.push(server);
        await bind(server, address, shared);
        shared = portOf(server);
      }
      return servers;
    } catch (error) {
      await unbindAll(servers);
      if (attempt === 20 || (error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
      await sleep(10);
    }
  }
}

function bind(server: Server, address: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, address, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function unbindAll(servers: readonly Server[]): Promise<unknown> {
  return Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
}

function portOf(server: Server | undefined): number {
  const address = server?.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}
