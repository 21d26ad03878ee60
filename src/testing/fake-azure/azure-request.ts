import type { IncomingMessage } from "node:http";
import { AzureFailure } from "./azure-failure.ts";

/** A request taken apart: `/{account}/{container}/{blob…}?query`, the path style of emulators. */
export interface AzureRequest {
  readonly method: string;
  /** Path as it came, percent-encoded: what an account key signs. */
  readonly path: string;
  readonly headers: ReadonlyMap<string, string>;
  /** Decoded values by lower-case name. */
  readonly query: ReadonlyMap<string, string>;
  readonly account: string;
  readonly container: string;
  readonly blob: string;
  readonly body: Buffer;
}

export async function readRequest(incoming: IncomingMessage): Promise<AzureRequest> {
  const target = incoming.url ?? "/";
  const question = target.indexOf("?");
  const path = question < 0 ? target : target.slice(0, question);
  const [, account = "", container = "", ...rest] = path.split("/");
  const pieces: Buffer[] = [];
  for await (const piece of incoming) pieces.push(piece);
  return {
    method: incoming.method ?? "GET",
    path,
    headers: readHeaders(incoming.rawHeaders),
    query: readQuery(question < 0 ? "" : target.slice(question + 1)),
    account: decode(account),
    container: decode(container),
    blob: decode(rest.join("/")),
    body: Buffer.concat(pieces),
  };
}

function readHeaders(raw: readonly string[]): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (let index = 0; index + 1 < raw.length; index += 2) {
    headers.set((raw[index] ?? "").toLowerCase(), raw[index + 1] ?? "");
  }
  return headers;
}

function readQuery(text: string): ReadonlyMap<string, string> {
  return new Map(
    text
      .split("&")
      .filter((pair) => pair !== "")
      .map((pair): [string, string] => {
        const [name = "", ...value] = pair.split("=");
        return [decode(name).toLowerCase(), decode(value.join("="))];
      }),
  );
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new AzureFailure(400, "InvalidUri", "The requested URI does not represent any resource on the server.");
  }
}
