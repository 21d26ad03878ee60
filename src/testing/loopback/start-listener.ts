import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { sendAnswer } from "./send-answer.ts";
import type { WebAnswer } from "./web-answer.ts";

export interface Listener {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** Stops listening and cuts every connection. */
  close(): Promise<void>;
}

/** What a request gets: an answer, or its connection cut. */
export type Handler = (request: IncomingMessage) => Promise<WebAnswer | "disconnect"> | WebAnswer | "disconnect";

/** Serves a handler on loopback; what it throws becomes a 500 with the stack, so that a test sees it. */
export async function startListener(handler: Handler): Promise<Listener> {
  const server = createServer(async (request, response) => {
    let answer: WebAnswer | "disconnect";
    try {
      answer = await handler(request);
    } catch (error) {
      answer = { status: 500, body: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    }
    if (answer === "disconnect") request.socket.destroy();
    else await sendAnswer(response, request.method ?? "GET", answer);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
