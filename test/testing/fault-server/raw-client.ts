import { connect } from "node:net";

/** Everything that comes back for these bytes until the server ends the connection, and how it ended. */
export interface RawAnswer {
  readonly text: string;
  readonly body: Buffer;
  readonly end: "fin" | "reset";
}

/** Sends the text on a connection of its own and reads to the end. */
export function rawExchange(port: number, text: string, host = "127.0.0.1"): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, host, () => socket.write(text));
    let end: RawAnswer["end"] = "fin";
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.on("error", () => {
      end = "reset";
    });
    socket.on("close", () => {
      const all = Buffer.concat(chunks);
      const headEnd = all.indexOf("\r\n\r\n");
      resolve({ text: all.toString("latin1"), body: all.subarray(headEnd + 4), end });
    });
  });
}

/** A GET request that asks for the connection to be closed afterwards. */
export function get(path: string, headers: Readonly<Record<string, string>> = {}): string {
  const lines = Object.entries({ Host: "localhost", Connection: "close", ...headers });
  return `GET ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
}
