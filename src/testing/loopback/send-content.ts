import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Content } from "../content/content.ts";

const pieceSize = 256 * 1024;

/** Sends a body whose head was written. Gives the bytes handed to the socket, also when the connection is cut. */
export async function sendContent(response: ServerResponse, content: Content): Promise<number> {
  let sent = 0;
  const counted = function* (): Iterable<Uint8Array> {
    for (let offset = 0; offset < content.size; offset += pieceSize) {
      const piece = Buffer.allocUnsafe(Math.min(pieceSize, content.size - offset));
      content.read(offset, piece);
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
