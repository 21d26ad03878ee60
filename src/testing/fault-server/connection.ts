import type { Socket } from "node:net";
import { parseRequestHead, type RequestHead } from "./request-head.ts";

const headLimit = 64 * 1024;

/** What a connection does with the requests that it reads. */
export interface ConnectionHandler {
  /** Answers one request. The next is taken when this resolves to true; the connection ends when it resolves to false. */
  answer(request: RequestHead, requestOnConnection: number): Promise<boolean>;
}

/** Reads request heads from the socket and answers them one after the other. Request bodies are not read. */
export function serveRequests(socket: Socket, handler: ConnectionHandler): void {
  const waiting: RequestHead[] = [];
  let pending = "";
  let busy = false;
  let count = 0;

  const next = (): void => {
    const request = waiting.shift();
    if (busy || request === undefined || socket.destroyed) return;
    busy = true;
    count++;
    void handler.answer(request, count).then((goOn) => {
      busy = false;
      if (goOn) next();
      else if (!socket.destroyed) socket.end();
    });
  };

  socket.on("data", (chunk: Buffer) => {
    pending += chunk.toString("latin1");
    for (let end = pending.indexOf("\r\n\r\n"); end !== -1; end = pending.indexOf("\r\n\r\n")) {
      const request = parseRequestHead(pending.slice(0, end));
      pending = pending.slice(end + 4);
      if (request === undefined) {
        socket.end("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        return;
      }
      waiting.push(request);
    }
    if (pending.length > headLimit) socket.destroy();
    next();
  });
}
