import type { ServerResponse } from "node:http";
import { bytesContent } from "../content/content.ts";
import { sendContent } from "./send-content.ts";
import type { WebAnswer } from "./web-answer.ts";

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
  return sendContent(response, content);
}
