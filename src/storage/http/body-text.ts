import type { HttpAnswer, HttpContext } from "./http-client.ts";
import { httpFailure } from "./http-client.ts";
import { protocolFailure } from "./protocol-failure.ts";

/**
 * The body of an answer as UTF-8 text.
 *
 * @throws StorageError `protocol` when it is longer than `maxBytes`, and what a broken connection means.
 */
export async function readText(
  answer: Pick<HttpAnswer, "body" | "url">,
  context: HttpContext & { readonly signal?: AbortSignal | undefined },
  maxBytes: number,
): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      if (size > maxBytes) {
        throw protocolFailure(context, `the answer is longer than ${maxBytes} bytes`, "Check the endpoint.");
      }
      chunks.push(chunk);
    }
  } catch (error) {
    throw httpFailure(error, context, new URL(answer.url).host);
  }
  return Buffer.concat(chunks).toString("utf8");
}
