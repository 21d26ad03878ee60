import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** How the server shows directories: the HTML or JSON of a well-known server, or not at all. */
export type IndexStyle = "nginx" | "nginx-json" | "apache" | "python" | "caddy" | "caddy-json" | "none";

export interface StaticHttpServerOptions {
  readonly index?: IndexStyle;
  /** Answers 206 to ranges. Default true. */
  readonly ranges?: boolean;
  /** Status of every answer to HEAD; undefined for a right one. */
  readonly headStatus?: number;
  readonly validator?: "strong" | "weak" | "last-modified" | "none";
  /** Sends `Repr-Digest: sha-256`. */
  readonly digests?: boolean;
  /** Leaves Content-Length out of answers to HEAD and sends bodies chunked. */
  readonly lengthless?: boolean;
  /** Answers a request by itself when it returns true. */
  readonly intercept?: (request: IncomingMessage, response: ServerResponse) => boolean;
}

interface StoredFile {
  readonly bytes: Uint8Array;
  readonly modified: Date;
}

/** A web server over a map of decoded paths (without leading slash), as a static site is served. */
export class StaticHttpServer {
  readonly files = new Map<string, StoredFile>();
  /** `METHOD /path?query` of every request so far. */
  readonly requests: string[] = [];
  /** Header fields of every request so far. */
  readonly headers: IncomingMessage["headers"][] = [];
  /** Connections accepted so far. */
  connections = 0;
  readonly #options: StaticHttpServerOptions;
  readonly #server = createServer((request, response) => this.#handle(request, response));
  #writes = 0;

  constructor(options: StaticHttpServerOptions = {}) {
    this.#options = options;
    this.#server.on("connection", () => {
      this.connections += 1;
    });
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return this;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Every write has its own modification time, a second apart. */
  write(path: string, bytes: Uint8Array | string): void {
    this.#writes += 1;
    const modified = new Date(Date.UTC(2026, 0, 1) + this.#writes * 1000);
    this.files.set(path, { bytes: typeof bytes === "string" ? Buffer.from(bytes) : bytes, modified });
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    const { intercept, headStatus } = this.#options;
    this.requests.push(`${request.method} ${request.url}`);
    this.headers.push(request.headers);
    if (intercept?.(request, response) === true) return;
    const path = decodeURIComponent((request.url ?? "/").replace(/\?.*$/, "").slice(1));
    const file = this.files.get(path);
    if (file !== undefined && request.method === "HEAD" && headStatus !== undefined) respond(response, headStatus);
    else if (file !== undefined && !path.endsWith("/")) this.#serve(file, request, response);
    else if (path !== "" && !path.endsWith("/") && this.#isDirectory(`${path}/`)) {
      response.setHeader("location", `${request.url}/`);
      respond(response, 301);
    } else if ((path === "" || path.endsWith("/")) && this.#isDirectory(path)) this.#showDirectory(path, response);
    else respond(response, 404);
  }

  #serve(file: StoredFile, request: IncomingMessage, response: ServerResponse): void {
    const { ranges = true, validator = "strong", digests = false, lengthless = false } = this.#options;
    const { bytes, modified } = file;
    const etag = `"${createHash("sha1").update(bytes).digest("hex").slice(0, 20)}"`;
    if (validator === "strong") response.setHeader("etag", etag);
    if (validator === "weak") response.setHeader("etag", `W/${etag}`);
    if (validator !== "none") response.setHeader("last-modified", modified.toUTCString());
    if (digests) {
      response.setHeader("repr-digest", `sha-256=:${createHash("sha256").update(bytes).digest("base64")}:`);
    }
    const ifMatch = request.headers["if-match"];
    if (ifMatch !== undefined && (validator !== "strong" || ifMatch !== etag)) {
      respond(response, 412);
      return;
    }
    const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
    if (ranges && start !== undefined && end !== undefined) {
      const from = Number(start);
      if (from >= bytes.length) {
        response.setHeader("content-range", `bytes */${bytes.length}`);
        respond(response, 416);
        return;
      }
      const body = bytes.subarray(from, Number(end) + 1);
      response.statusCode = 206;
      response.setHeader("content-range", `bytes ${from}-${from + body.length - 1}/${bytes.length}`);
      response.setHeader("content-length", body.length);
      response.end(body);
      return;
    }
    if (!lengthless) response.setHeader("content-length", bytes.length);
    if (request.method === "HEAD") response.end();
    else {
      if (lengthless) response.flushHeaders();
      response.end(bytes);
    }
  }

  #isDirectory(path: string): boolean {
    if (path === "") return true;
    for (const key of this.files.keys()) if (key.startsWith(path)) return true;
    return false;
  }

  #showDirectory(path: string, response: ServerResponse): void {
    const { index = "nginx" } = this.#options;
    if (index === "none") {
      respond(response, 403);
      return;
    }
    const entries = new Map<string, number | undefined>();
    for (const [key, { bytes }] of this.files) {
      if (!key.startsWith(path) || key === path) continue;
      const [name = "", ...below] = key.slice(path.length).split("/");
      entries.set(below.length > 0 ? `${name}/` : name, below.length > 0 ? undefined : bytes.length);
    }
    const [type, page] = indexPages[index](`/${path}`, [...entries]);
    response.setHeader("content-type", type);
    response.end(page);
  }
}

type Entries = readonly (readonly [name: string, size: number | undefined])[];

/** What the servers write, in the versions of 2024 to 2026, without their style sheets. */
const indexPages: Record<Exclude<IndexStyle, "none">, (path: string, entries: Entries) => [string, string]> = {
  nginx: (path, entries) => [
    "text/html",
    `<html>\r\n<head><title>Index of ${escapeHtml(path)}</title></head>\r\n<body>\r\n<h1>Index of ${escapeHtml(path)}</h1><hr><pre><a href="../">../</a>\r\n${entries
      .map(
        ([name, size]) =>
          `<a href="${encodeName(name)}">${escapeHtml(shorten(name))}</a> 22-Nov-2026 08:31 ${size ?? "-"}\r\n`,
      )
      .join("")}</pre><hr></body>\r\n</html>\r\n`,
  ],
  "nginx-json": (_path, entries) => [
    "application/json",
    `[\n${entries
      .map(([name, size]) =>
        JSON.stringify({
          name: name.replace(/\/$/, ""),
          type: size === undefined ? "directory" : "file",
          mtime: "Sun, 22 Nov 2026 08:31:00 GMT",
          ...(size === undefined ? {} : { size }),
        }),
      )
      .join(",\n")}\n]`,
  ],
  apache: (path, entries) => [
    "text/html;charset=UTF-8",
    `<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN">\n<html>\n <head>\n  <title>Index of ${escapeHtml(path)}</title>\n </head>\n <body>\n<h1>Index of ${escapeHtml(path)}</h1>\n  <table>\n   <tr><th valign="top"><img src="/icons/blank.gif" alt="[ICO]"></th><th><a href="?C=N;O=D">Name</a></th><th><a href="?C=M;O=A">Last modified</a></th><th><a href="?C=S;O=A">Size</a></th></tr>\n<tr><td valign="top"><img src="/icons/back.gif" alt="[PARENTDIR]"></td><td><a href="${escapeHtml(path.replace(/[^/]+\/$/, ""))}">Parent Directory</a></td></tr>\n${entries
      .map(
        ([name, size]) =>
          `<tr><td valign="top"><a href="${escapeHtml(encodeName(name))}"><img src="/icons/unknown.gif" alt="[   ]"></a></td><td><a href="${escapeHtml(encodeName(name))}">${escapeHtml(shorten(name))}</a></td><td align="right">2026-11-22 08:31  </td><td align="right">${size === undefined ? "  - " : "1.2M"}</td></tr>\n`,
      )
      .join(
        "",
      )}</table>\n<address>Apache/2.4.62 (Debian) Server at <a href="mailto:a@b">h</a></address>\n</body></html>\n`,
  ],
  python: (path, entries) => [
    "text/html; charset=utf-8",
    `<!DOCTYPE HTML>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Directory listing for ${escapeHtml(path)}</title>\n</head>\n<body>\n<h1>Directory listing for ${escapeHtml(path)}</h1>\n<hr>\n<ul>\n${entries
      .map(([name]) => `<li><a href="${encodeName(name)}">${escapeHtml(name)}</a></li>\n`)
      .join("")}</ul>\n<hr>\n</body>\n</html>\n`,
  ],
  caddy: (path, entries) => [
    "text/html; charset=utf-8",
    `<!DOCTYPE html>\n<html>\n<head>\n<title>${escapeHtml(path)}</title>\n<!-- <a href="./commented-out"> -->\n</head>\n<body>\n<h1>\n<a href="/">/</a>\n</h1>\n<table aria-describedby="summary">\n<thead><tr><th><a href="?sort=namedirfirst&order=desc" class="icon">Name</a></th></tr></thead>\n<tbody>\n<tr><td></td><td><a href=".."><span class="go-up">Up</span></a></td></tr>\n${entries
      .map(
        ([name]) =>
          `<tr class="file">\n<td></td>\n<td>\n<a href="./${encodeName(name)}">\n<span class="name">${escapeHtml(name)}</span>\n</a>\n</td></tr>\n`,
      )
      .join(
        "",
      )}</tbody>\n</table>\nServed with <a rel="noopener noreferrer" href="https://caddyserver.com">Caddy</a>\n</body>\n</html>\n`,
  ],
  "caddy-json": (_path, entries) => [
    "application/json; charset=utf-8",
    JSON.stringify(
      entries.map(([name, size]) => ({
        name,
        size: size ?? 4096,
        url: `./${encodeName(name)}`,
        mod_time: "2026-11-22T08:31:00Z",
        mode: 420,
        is_dir: size === undefined,
        is_symlink: false,
      })),
    ),
  ],
};

function encodeName(name: string): string {
  return name.split("/").map(encodeURIComponent).join("/");
}

function shorten(name: string): string {
  return name.length > 50 ? `${name.slice(0, 47)}..>` : name;
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

function respond(response: ServerResponse, status: number): void {
  response.statusCode = status;
  response.end();
}
