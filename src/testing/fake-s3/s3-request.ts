import type { IncomingMessage } from "node:http";
import { S3Failure } from "./s3-failure.ts";

/** A request taken apart, nothing interpreted yet but the percent-encoding of its path and query. */
export interface S3Request {
  readonly method: string;
  readonly host: string;
  /** Path and query as they came over the wire. */
  readonly target: string;
  /** Decoded path, with the leading slash and, in virtual-host style, without the bucket. */
  readonly path: string;
  readonly bucket: string | undefined;
  readonly key: string;
  /** Decoded query, in order. */
  readonly query: readonly (readonly [name: string, value: string])[];
  readonly parameters: ReadonlyMap<string, string>;
  /** Names in lower case, values of repeated headers joined by commas. */
  readonly headers: ReadonlyMap<string, string>;
  readonly incoming: IncomingMessage;
}

/** Throws `InvalidURI` for percent-encoding that is none. `domain` is the host suffix behind which a bucket may stand. */
export function readRequest(incoming: IncomingMessage, domain: string): S3Request {
  const headers = readHeaders(incoming.rawHeaders);
  const { target, authority } = splitTarget(incoming.url ?? "/");
  const host = headers.get("host") ?? authority ?? "";
  const questionMark = target.indexOf("?");
  const path = decodePath(questionMark < 0 ? target : target.slice(0, questionMark));
  const query = questionMark < 0 ? [] : decodeQuery(target.slice(questionMark + 1));
  const hostBucket = bucketOfHost(host, domain);
  const { bucket, key } = hostBucket === undefined ? splitPath(path) : { bucket: hostBucket, key: path.slice(1) };
  return {
    method: incoming.method ?? "GET",
    host,
    target,
    path,
    bucket,
    key,
    query,
    parameters: new Map(query),
    headers,
    incoming,
  };
}

/** A proxy's request names the whole URL; everybody else's only path and query. */
function splitTarget(url: string): { readonly target: string; readonly authority: string | undefined } {
  const match = /^https?:\/\/([^/?]*)(.*)$/i.exec(url);
  if (match === null) return { target: url, authority: undefined };
  const rest = match[2] ?? "";
  return { target: rest.startsWith("/") ? rest : `/${rest}`, authority: match[1] };
}

function readHeaders(raw: readonly string[]): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = (raw[index] ?? "").toLowerCase();
    const value = raw[index + 1] ?? "";
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before},${value}`);
  }
  return headers;
}

function splitPath(path: string): { readonly bucket: string | undefined; readonly key: string } {
  const slash = path.indexOf("/", 1);
  const bucket = slash < 0 ? path.slice(1) : path.slice(1, slash);
  return { bucket: bucket === "" ? undefined : bucket, key: slash < 0 ? "" : path.slice(slash + 1) };
}

function bucketOfHost(host: string, domain: string): string | undefined {
  const name = host.replace(/:\d+$/, "").toLowerCase();
  return name.endsWith(`.${domain}`) ? name.slice(0, -domain.length - 1) : undefined;
}

function invalidUri(): S3Failure {
  return new S3Failure(400, "InvalidURI", "Couldn't parse the specified URI.");
}

function decodePath(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalidUri();
  }
}

function decodeQuery(text: string): readonly (readonly [string, string])[] {
  return text
    .split("&")
    .filter((pair) => pair !== "")
    .map((pair) => {
      const equals = pair.indexOf("=");
      const [name, value] = equals < 0 ? [pair, ""] : [pair.slice(0, equals), pair.slice(equals + 1)];
      return [decodePath(name.replaceAll("+", " ")), decodePath(value.replaceAll("+", " "))] as const;
    });
}
