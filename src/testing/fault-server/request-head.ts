/** A request as it came, names of headers in lower case, several of one name joined by a comma. */
export interface RequestHead {
  readonly method: string;
  /** As on the wire, query included. */
  readonly target: string;
  /** As on the wire, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
  readonly keepAlive: boolean;
}

/** Reads a request head without its closing blank line; undefined when it is none. */
export function parseRequestHead(text: string): RequestHead | undefined {
  const [requestLine = "", ...lines] = text.split("\r\n");
  const [, method, target, minor] = /^([A-Z]+) (\S+) HTTP\/1\.([01])$/.exec(requestLine) ?? [];
  if (method === undefined || target === undefined) return undefined;
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon < 1) return undefined;
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
  }
  const question = target.indexOf("?");
  const connection = headers["connection"]?.toLowerCase() ?? "";
  return {
    method,
    target,
    path: question === -1 ? target : target.slice(0, question),
    query: new URLSearchParams(question === -1 ? "" : target.slice(question + 1)),
    headers,
    keepAlive: minor === "1" ? !connection.includes("close") : connection.includes("keep-alive"),
  };
}

/** What a Range header asks of an object: everything (also for headers that RFC 9110 lets a server ignore), a slice, or too much. */
export type AskedRange =
  | { readonly kind: "whole" }
  | { readonly kind: "slice"; readonly start: number; readonly end: number }
  | { readonly kind: "unsatisfiable" };

/** Reads a Range header for an object of `size` bytes; several ranges count as none. Half-open result. */
export function parseRange(header: string | undefined, size: number): AskedRange {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? "") ?? [];
  if (first === undefined || last === undefined || (first === "" && last === "")) return { kind: "whole" };
  if (first === "") {
    const length = Math.min(Number(last), size);
    return length === 0 ? { kind: "unsatisfiable" } : { kind: "slice", start: size - length, end: size };
  }
  const start = Number(first);
  const end = last === "" ? size : Math.min(Number(last) + 1, size);
  if (start >= size) return { kind: "unsatisfiable" };
  return end > start ? { kind: "slice", start, end } : { kind: "whole" };
}
