/** One GET on a connection that we opened ourselves. */
export interface RequestLine {
  readonly url: URL;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Half-open range to ask for, or undefined for the whole object. */
  readonly range: { readonly start: number; readonly end: number } | undefined;
  /** Sent as `If-Match`. */
  readonly ifMatch: string | undefined;
  /** The `Content-Encoding` that the object is stored with, when its stored bytes are wanted as they are. */
  readonly storedEncoding?: string | undefined;
  /** Absolute-form request target and a proxy's credentials, for plain HTTP through a proxy. */
  readonly viaProxy?: { readonly authorization: string | undefined } | undefined;
  /** Path and query exactly as they go on the wire. */
  readonly target: string;
}

const unsafe = /[\r\n\0]/;
/** Fields that the engine sets itself; a source cannot override them. */
const reserved: ReadonlySet<string> = new Set([
  "host",
  "connection",
  "accept-encoding",
  "range",
  "if-match",
  "content-length",
  "transfer-encoding",
  "proxy-authorization",
]);

/** Fields of the request besides those of the connection itself; names in lower case. */
export function requestFields(request: RequestLine): Record<string, string> {
  const fields: Record<string, string> = { "accept-encoding": request.storedEncoding ?? "identity" };
  if (unsafe.test(fields["accept-encoding"] ?? "")) throw new TypeError("the stored encoding holds a line break");
  for (const [name, value] of Object.entries(request.headers)) {
    if (unsafe.test(name) || unsafe.test(value))
      throw new TypeError(`header ${JSON.stringify(name)} holds a line break`);
    if (!reserved.has(name)) fields[name] = value;
  }
  fields["accept"] ??= "*/*";
  fields["user-agent"] ??= "model-agent";
  if (request.range !== undefined) fields["range"] = `bytes=${request.range.start}-${request.range.end - 1}`;
  if (request.ifMatch !== undefined) fields["if-match"] = request.ifMatch;
  return fields;
}

/** Serialises a GET as HTTP/1.1 has it (RFC 9112 section 3). Throws TypeError for a field that would break the framing. */
export function formatRequest(request: RequestLine): string {
  if (unsafe.test(request.target) || request.target.includes(" "))
    throw new TypeError("the URL holds a line break or space");
  const target = request.viaProxy === undefined ? request.target : `http://${request.url.host}${request.target}`;
  let text = `GET ${target} HTTP/1.1\r\nhost: ${request.headers["host"] ?? request.url.host}\r\n`;
  for (const [name, value] of Object.entries(requestFields(request))) text += `${name}: ${value}\r\n`;
  const authorization = request.viaProxy?.authorization;
  if (authorization !== undefined) text += `proxy-authorization: ${authorization}\r\n`;
  return `${text}\r\n`;
}
