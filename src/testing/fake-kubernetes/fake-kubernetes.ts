import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { applyJsonPatch, applyMergePatch } from "./apply-patch.ts";
import { ObjectStore, Refusal, type StoredChange, type StoredObject } from "./object-store.ts";

/** A request as rules and assertions see it. */
export interface FakeRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly watch: boolean;
  readonly authorization: string | undefined;
  /** Only metadata is asked for. */
  readonly metadataOnly: boolean;
  readonly body: unknown;
}

/** What to do with a request instead of answering it properly. */
export type FakeAnswer =
  | { readonly status: number; readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> }
  /** Cuts the connection without an answer. */
  | "reset"
  /** Accepts and never answers. */
  | "hang"
  /** A watch that is opened and then sends these raw texts, and ends unless told otherwise. */
  | { readonly stream: readonly string[]; readonly end: "close" | "reset" | "never" };

export interface FakeKubernetesOptions {
  /** Accepted bearer tokens; everyone is let in when absent. Called for every request, so that tokens can rotate. */
  readonly tokens?: (() => readonly string[]) | undefined;
  /** Milliseconds between bookmarks of a watch that asked for them. Default 1000. */
  readonly bookmarkIntervalMs?: number | undefined;
  /** Looks at every request first; undefined lets it through. */
  readonly intercept?: ((request: FakeRequest) => FakeAnswer | undefined) | undefined;
}

/** `/api/v1/...` or `/apis/group/version/...`, all namespaces or one, collection or object. */
const pathPattern =
  /^(?<root>\/api\/v1|\/apis\/[^/]+\/[^/]+)(?:\/namespaces\/(?<namespace>[^/]+))?\/(?<resource>[^/]+)(?:\/(?<name>[^/]+))?$/;

/**
 * An API server for tests: objects with resourceVersions, paged lists, watches with bookmarks and history, optimistic writes, JSON and merge
 * patches, finalizers, and a script for everything that goes wrong in the field.
 */
export class FakeKubernetes {
  readonly store = new ObjectStore();
  readonly requests: FakeRequest[] = [];
  readonly #options: FakeKubernetesOptions;
  readonly #server = createServer((request, response) => void this.#serve(request, response));
  readonly #sockets = new Set<Socket>();
  readonly #watches = new Set<ServerResponse>();
  intercept: FakeKubernetesOptions["intercept"];

  private constructor(options: FakeKubernetesOptions) {
    this.#options = options;
    this.intercept = options.intercept;
    this.#server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
  }

  static async start(options: FakeKubernetesOptions = {}): Promise<FakeKubernetes> {
    const fake = new FakeKubernetes(options);
    await new Promise<void>((resolve) => fake.#server.listen(0, "127.0.0.1", resolve));
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Puts an object into a collection such as `/api/v1/nodes`, or replaces it there. */
  put(collection: string, object: StoredObject): StoredObject {
    const key =
      object.metadata.namespace === undefined
        ? object.metadata.name
        : `${object.metadata.namespace}/${object.metadata.name}`;
    const { resourceVersion: _, ...metadata } = object.metadata;
    return this.store.get(collection, key) === undefined
      ? this.store.create(collection, { ...object, metadata })
      : this.store.replace(collection, { ...object, metadata });
  }

  /** Cuts every open watch, as a restarting server or a proxy does. */
  cutWatches(): void {
    for (const response of this.#watches) response.destroy();
  }

  get openWatches(): number {
    return this.#watches.size;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of message) chunks.push(chunk as Buffer);
    } catch {
      return;
    }
    const url = new URL(message.url ?? "/", "http://fake");
    const text = Buffer.concat(chunks).toString();
    const request: FakeRequest = {
      method: message.method ?? "GET",
      path: decodeURIComponent(url.pathname),
      query: url.searchParams,
      watch: url.searchParams.get("watch") === "true",
      authorization: message.headers.authorization,
      metadataOnly: (message.headers.accept ?? "").includes("as=PartialObjectMetadata"),
      body: text === "" ? undefined : JSON.parse(text),
    };
    this.requests.push(request);
    const scripted = this.intercept?.(request);
    if (scripted !== undefined) {
      this.#play(scripted, response);
      return;
    }
    const tokens = this.#options.tokens?.();
    if (tokens !== undefined && !tokens.some((token) => request.authorization === `Bearer ${token}`)) {
      refuse(response, 401, "Unauthorized", "Unauthorized");
      return;
    }
    try {
      this.#answer(request, message.headers["content-type"] ?? "", response);
    } catch (error) {
      if (error instanceof Refusal) refuse(response, error.code, error.reason, error.message);
      else refuse(response, 500, "InternalError", String(error));
    }
  }

  #play(answer: FakeAnswer, response: ServerResponse): void {
    if (answer === "reset") response.socket?.resetAndDestroy();
    else if (answer === "hang") return;
    else if ("stream" in answer) {
      response.writeHead(200, { "content-type": "application/json" });
      for (const piece of answer.stream) response.write(piece);
      if (answer.end === "close") response.end();
      else if (answer.end === "reset") setImmediate(() => response.socket?.destroy());
    } else {
      response.writeHead(answer.status, { "content-type": "application/json", ...answer.headers });
      response.end(typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body ?? {}));
    }
  }

  #answer(request: FakeRequest, contentType: string, response: ServerResponse): void {
    const groups = pathPattern.exec(request.path)?.groups;
    if (groups === undefined) throw new Refusal(404, "NotFound", "the server could not find the requested resource");
    const { root = "", namespace, resource = "", name } = groups;
    const collection = `${root}/${resource}`;
    if (name === undefined) {
      if (request.method === "POST") {
        const object = request.body as StoredObject;
        const metadata = namespace === undefined ? object.metadata : { ...object.metadata, namespace };
        send(response, 201, formOf(request, this.store.create(collection, { ...object, metadata })));
      } else if (request.watch) this.#watch(request, collection, namespace, response);
      else this.#list(request, collection, namespace, response);
      return;
    }
    const key = namespace === undefined ? name : `${namespace}/${name}`;
    const found = this.store.get(collection, key);
    if (found === undefined) throw new Refusal(404, "NotFound", `${resource} "${name}" not found`);
    if (request.method === "GET") send(response, 200, formOf(request, found));
    else if (request.method === "PUT")
      send(response, 200, formOf(request, this.store.replace(collection, request.body as StoredObject)));
    else if (request.method === "DELETE") send(response, 200, this.store.delete(collection, key));
    else if (request.method === "PATCH") {
      const patched = contentType.includes("json-patch")
        ? applyJsonPatch(found, request.body)
        : applyMergePatch(found, request.body);
      send(response, 200, formOf(request, this.store.replace(collection, patched)));
    } else throw new Refusal(405, "MethodNotAllowed", "the method is not allowed");
  }

  #list(request: FakeRequest, collection: string, namespace: string | undefined, response: ServerResponse): void {
    const token = request.query.get("continue");
    const [version, from] = token === null || token === "" ? [this.store.version, 0] : token.split(":").map(Number);
    if ((version ?? 0) < this.store.compactedVersion) {
      throw new Refusal(
        410,
        "Expired",
        "The provided continue parameter is too old to display a consistent list result.",
      );
    }
    const all = this.store.list(collection).filter((object) => selected(object, namespace, request.query));
    const limit = Number(request.query.get("limit") ?? 0) || all.length;
    const start = from ?? 0;
    const more = start + limit < all.length;
    send(response, 200, {
      kind: request.metadataOnly ? "PartialObjectMetadataList" : "List",
      metadata: { resourceVersion: String(version), ...(more ? { continue: `${version}:${start + limit}` } : {}) },
      items: all.slice(start, start + limit).map((object) => formOf(request, object)),
    });
  }

  #watch(request: FakeRequest, collection: string, namespace: string | undefined, response: ServerResponse): void {
    let seen = Number(request.query.get("resourceVersion") ?? this.store.version);
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    if (seen < this.store.compactedVersion) {
      response.end(
        `${JSON.stringify({ type: "ERROR", object: status(410, "Expired", `too old resource version: ${seen}`) })}\n`,
      );
      return;
    }
    this.#watches.add(response);
    const deliver = (): void => {
      for (const change of this.store.changesAfter(seen)) {
        seen = change.version;
        if (change.collection === collection && selected(change.object, namespace, request.query))
          response.write(line(change, request));
      }
    };
    const stopListening = this.store.onChange(deliver);
    const bookmarks = setInterval(() => {
      if (request.query.get("allowWatchBookmarks") !== "true") return;
      response.write(
        `${JSON.stringify({ type: "BOOKMARK", object: { metadata: { resourceVersion: String(this.store.version) } } })}\n`,
      );
    }, this.#options.bookmarkIntervalMs ?? 1000);
    const timeout = setTimeout(() => response.end(), Number(request.query.get("timeoutSeconds") ?? 1800) * 1000);
    response.on("close", () => {
      stopListening();
      clearInterval(bookmarks);
      clearTimeout(timeout);
      this.#watches.delete(response);
    });
    deliver();
  }
}

function selected(object: StoredObject, namespace: string | undefined, query: URLSearchParams): boolean {
  if (namespace !== undefined && object.metadata.namespace !== namespace) return false;
  const name = /^metadata\.name=(.+)$/.exec(query.get("fieldSelector") ?? "")?.[1];
  return name === undefined || object.metadata.name === name;
}

function line(change: StoredChange, request: FakeRequest): string {
  return `${JSON.stringify({ type: change.type, object: formOf(request, change.object) })}\n`;
}

/** The object, or its metadata alone where only that is asked for. */
function formOf(request: FakeRequest, object: StoredObject): StoredObject {
  if (!request.metadataOnly) return object;
  return { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata: object.metadata };
}

function status(code: number, reason: string, message: string): object {
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason, code };
}

function refuse(response: ServerResponse, code: number, reason: string, message: string): void {
  send(response, code, status(code, reason, message));
}

function send(response: ServerResponse, code: number, body: unknown): void {
  response.writeHead(code, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
