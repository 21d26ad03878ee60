import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { bytesContent, type Content } from "../content/content.ts";
import type { WebAnswer } from "./web-answer.ts";

const pieceSize = 256 * 1024;

/** Writes an answer; a `HEAD` gets its head only. Gives the body bytes handed to the socket, also when it is cut. */
export async function sendAnswer(response: ServerResponse, method: string, answer: WebAnswer): Promise<number> {
  const { status, headers, body, lengthless } = answer;
  const content = typeof body === "string" ? bytesContent(body) : body;
  const length = lengthless === true ? {} : { "content-length": String(content?.size ?? 0) };
  response.on("error", () => {});
  response.writeHead(status, { ...headers, ...length });
  if (content === undefined || method === "HEAD") {
    response.end();
    return 0;
  }
  let sent = 0;
  const counted = function* (): Iterable<Uint8Array> {
    for (const piece of piecesOf(content)) {
      sent += piece.length;
      yield piece;
    }
  };
  try {
    await pipeline(Readable.from(counted(), { objectMode: false, highWaterMark: pieceSize }), response);
  } catch {
    response.destroy();
  }
  return sent;
}

function* piecesOf(content: Content): Iterable<Uint8Array> {
  for (let offset = 0; offset < content.size; offset += pieceSize) {
    const piece = Buffer.allocUnsafe(Math.min(pieceSize, content.size - offset));
    content.read(offset, piece);
    yield piece;
  }
}
