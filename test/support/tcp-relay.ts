import { connect, createServer, type Socket } from "node:net";

/** Passes connections on to a port of this machine, counts their bytes as the network sees them, and can cut them. */
export interface TcpRelay {
  readonly port: number;
  /** Bytes that came from the target, and that went to it. */
  readonly received: number;
  readonly sent: number;
  /** Resets every open connection; new ones are passed on. */
  cut(): void;
  close(): Promise<void>;
}

export async function startTcpRelay(target: number): Promise<TcpRelay> {
  const sockets = new Set<Socket>();
  const bytes = { received: 0, sent: 0 };
  const server = createServer((from) => {
    const to = connect(target, "127.0.0.1");
    for (const [source, sink] of [
      [from, to],
      [to, from],
    ] as const) {
      sockets.add(source);
      source.on("data", (data) => {
        bytes[source === to ? "received" : "sent"] += data.length;
        sink.write(data);
      });
      source.on("error", () => {});
      source.on("close", () => {
        sockets.delete(source);
        sink.destroy();
      });
    }
  });
  const cut = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    get received() {
      return bytes.received;
    },
    get sent() {
      return bytes.sent;
    },
    cut,
    close: async () => {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
