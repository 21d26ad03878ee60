import type { IncomingMessage } from "node:http";
import { OciFailure } from "./oci-failure.ts";

/** A request taken apart: `/[p/{token}/]n/{namespace}/b/{bucket}/{rest…}`. */
export interface OciRequest {
  readonly incoming: IncomingMessage;
  readonly method: string;
  /** Path and query as they came over the wire. */
  readonly target: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly parameters: ReadonlyMap<string, string>;
  /** Token of a pre-authenticated request. */
  readonly preauthenticated: string | undefined;
  readonly namespace: string | undefined;
  readonly bucket: string | undefined;
  /** `o`, `u`, `actions`, or empty. */
  readonly collection: string;
  /** Decoded name behind the collection; slashes may come encoded or as they are. */
  readonly name: string;
  /** First segment where the path has another form, such as `workRequests`. */
  readonly root: string;
}

export function readRequest(incoming: IncomingMessage): OciRequest {
  const target = incoming.url ?? "/";
  const question = target.indexOf("?");
  const path = question < 0 ? target : target.slice(0, question);
  const par = /^\/p\/([^/]+)(\/.*)$/.exec(path);
  const segments = (par?.[2] ?? path).split("/");
  const [, root = "", namespace, b, bucket, collection = "", ...rest] = segments;
  const regular = root === "n" && (b === undefined || b === "b");
  return {
    incoming,
    method: incoming.method ?? "GET",
    target,
    headers: readHeaders(incoming.rawHeaders),
    parameters: question < 0 ? new Map() : readQuery(target.slice(question + 1)),
    preauthenticated: par?.[1],
    namespace: regular && namespace ? decode(namespace) : undefined,
    bucket: regular && bucket ? decode(bucket) : undefined,
    collection: regular ? collection : "",
    name: decode((regular ? rest : segments.slice(2)).join("/")),
    root,
  };
}

/** The body as it came. */
export async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of incoming) pieces.push(piece);
  return Buffer.concat(pieces);
}

function readHeaders(raw: readonly string[]): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (let index = 0; index + 1 < raw.length; index += 2)
    headers.set((raw[index] ?? "").toLowerCase(), raw[index + 1] ?? "");
  return headers;
}

function readQuery(query: string): ReadonlyMap<string, string> {
  const pairs = query.split("&").filter((pair) => pair !== "");
  return new Map(
    pairs.map((pair) => {
      const [name = "", ...value] = pair.split("=");
      return [decode(name), decode(value.join("=").replaceAll("+", " "))];
    }),
  );
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new OciFailure(400, "MalformedURI", "The URI is not well-formed");
  }
}
