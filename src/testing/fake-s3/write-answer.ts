import type { ServerResponse } from "node:http";
import { sendContent } from "../loopback/send-content.ts";
import type { Answer } from "./answer.ts";

/** Writes the answer; a `HEAD` gets the head only. Gives the body bytes handed to the socket, also when it is cut. */
export async function writeAnswer(response: ServerResponse, method: string, answer: Answer): Promise<number> {
  const { body } = answer;
  const size = body === undefined ? 0 : typeof body === "string" ? Buffer.byteLength(body) : body.size;
  const bodiless = answer.status === 204 || answer.status === 304;
  // S3 has no body in the answer to a failed HEAD, and then no length either.
  const lengthless = method === "HEAD" && typeof body === "string";
  response.writeHead(answer.status, {
    ...answer.headers,
    ...(bodiless || lengthless ? {} : { "content-length": String(size) }),
  });
  if (body === undefined || method === "HEAD" || bodiless) {
    response.end();
    return 0;
  }
  if (typeof body === "string") {
    response.end(body);
    return size;
  }
  return sendContent(response, body);
}
