import { Agent, request } from "undici";
import { StorageError, toStorageError } from "../errors.ts";
import { connectionError } from "../network/connection-error.ts";
import { parseRetryAfter } from "../network/retry-after.ts";
import { type ApiStatus, apiError } from "./api-error.ts";
import type { ClusterAccess, ClusterConnection } from "./cluster-access.ts";

/** How a PATCH body is to be read. Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#patch-and-apply */
export type PatchType = "json" | "merge" | "apply";

const patchTypes: Readonly<Record<PatchType, string>> = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  apply: "application/apply-patch+yaml",
};

export interface ApiRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path below the server, such as `/api/v1/nodes/n1`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>> | undefined;
  readonly body?: unknown;
  readonly patch?: PatchType | undefined;
  /** Answer with metadata alone, of the object or of each object of a list, whatever their size. Old servers answer with all of it. */
  readonly metadataOnly?: boolean | "list" | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#metadata-only-fetches */
const metadataForm = (kind: string): string => `application/json;as=${kind};g=meta.k8s.io;v=v1,application/json`;

function formOf({ metadataOnly }: ApiRequest): string {
  if (metadataOnly === "list") return metadataForm("PartialObjectMetadataList");
  return metadataOnly === true ? metadataForm("PartialObjectMetadata") : "application/json";
}

export interface WatchStream {
  /** One parsed JSON document per line. */
  readonly lines: AsyncIterable<unknown>;
  close(): void;
}

export interface ApiClientOptions {
  readonly connection: ClusterConnection;
  readonly userAgent?: string | undefined;
  /** Milliseconds for a whole answer that is no watch. Default 30,000. */
  readonly timeoutMs?: number | undefined;
  /** Told about every answer, for metrics. */
  readonly onAnswer?: ((answer: { readonly method: string; readonly status: number }) => void) | undefined;
}

/**
 * Requests to one API server. Errors are {@link StorageError}s with the server's reason in `serviceCode`; repeating is the
 * caller's. Credentials are asked for before every request, so rotated tokens take effect at once.
 */
export class ApiClient {
  readonly #options: ApiClientOptions;
  #agent: { readonly key: string; readonly agent: Agent } | undefined;

  constructor(options: ApiClientOptions) {
    this.#options = options;
  }

  /** Sends one request and reads its whole JSON answer. */
  async send<T>(call: ApiRequest): Promise<T> {
    const timeout = AbortSignal.timeout(this.#options.timeoutMs ?? 30_000);
    const signal = call.signal === undefined ? timeout : AbortSignal.any([call.signal, timeout]);
    const response = await this.#request(call, signal);
    try {
      return (await response.body.json()) as T;
    } catch (error) {
      throw this.#failed(error, call);
    }
  }

  /** Opens a watch; the signal ends it. The first event may be long in coming, the answer's head is not. */
  async watch(call: Pick<ApiRequest, "path" | "query" | "metadataOnly" | "signal">): Promise<WatchStream> {
    const closing = new AbortController();
    const signal = call.signal === undefined ? closing.signal : AbortSignal.any([call.signal, closing.signal]);
    const headTimeout = setTimeout(
      () => closing.abort(new DOMException("the API server did not open the watch in time", "TimeoutError")),
      this.#options.timeoutMs ?? 30_000,
    );
    try {
      const watched: ApiRequest = { ...call, method: "GET", query: { ...call.query, watch: true } };
      const response = await this.#request(watched, signal);
      return { lines: this.#documents(response.body, watched), close: () => closing.abort() };
    } finally {
      clearTimeout(headTimeout);
    }
  }

  async close(): Promise<void> {
    await this.#agent?.agent.destroy();
    this.#agent = undefined;
  }

  async #request(call: ApiRequest, signal: AbortSignal): ReturnType<typeof request> {
    let response: Awaited<ReturnType<typeof request>>;
    try {
      const access = await this.#options.connection.access();
      response = await request(this.#url(call), {
        method: call.method,
        dispatcher: this.#dispatcher(access),
        signal,
        headers: {
          accept: formOf(call),
          "user-agent": this.#options.userAgent ?? "model-agent",
          ...access.headers,
          ...(call.body === undefined
            ? {}
            : { "content-type": call.patch === undefined ? "application/json" : patchTypes[call.patch] }),
        },
        ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      });
    } catch (error) {
      throw this.#failed(error, call);
    }
    this.#options.onAnswer?.({ method: call.method, status: response.statusCode });
    if (response.statusCode < 200 || response.statusCode > 299) throw await this.#refused(response, call);
    return response;
  }

  async #refused(response: Awaited<ReturnType<typeof request>>, call: ApiRequest): Promise<StorageError> {
    const text = await response.body.text().catch(() => "");
    let status: ApiStatus = {};
    try {
      status = JSON.parse(text) as ApiStatus;
    } catch {
      status = { message: text.slice(0, 200).trim() };
    }
    const retryAfter = [response.headers["retry-after"]].flat()[0];
    return apiError(
      describe(call),
      call.path,
      response.statusCode,
      status,
      parseRetryAfter(retryAfter, Date.now()) || undefined,
    );
  }

  async *#documents(body: AsyncIterable<Buffer>, call: ApiRequest): AsyncGenerator<unknown> {
    const decoder = new TextDecoder();
    let pending = "";
    try {
      for await (const chunk of body) {
        pending += decoder.decode(chunk, { stream: true });
        const lines = pending.split("\n");
        pending = lines.pop() ?? "";
        for (const line of lines) if (line.trim() !== "") yield JSON.parse(line);
      }
    } catch (error) {
      throw this.#failed(error, call);
    }
    if (pending.trim() !== "") {
      throw new StorageError({
        code: "truncated",
        operation: describe(call),
        target: call.path,
        provider: "kubernetes",
        detail: "the watch was cut in the middle of an event",
        hint: "The agent opens it again by itself.",
      });
    }
  }

  #failed(error: unknown, call: ApiRequest): StorageError {
    const name = error instanceof Error ? error.name : "";
    if (name === "AbortError" || name === "TimeoutError") return toStorageError(error, describe(call), call.path);
    return connectionError(error, {
      operation: describe(call),
      target: call.path,
      host: new URL(this.#options.connection.server).host,
      provider: "kubernetes",
    });
  }

  #url(call: ApiRequest): string {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(call.query ?? {}))
      if (value !== undefined) query.set(name, String(value));
    const text = query.toString();
    return `${this.#options.connection.server}${call.path}${text === "" ? "" : `?${text}`}`;
  }

  /** One agent per TLS identity: a rotated client certificate gets new sockets. */
  #dispatcher(access: ClusterAccess): Agent {
    const key = [access.ca, access.cert, access.key, access.servername, access.rejectUnauthorized]
      .map(String)
      .join("\0");
    if (this.#agent?.key === key) return this.#agent.agent;
    const former = this.#agent?.agent;
    const agent = new Agent({
      allowH2: false,
      connections: 16,
      headersTimeout: 0,
      // Watches are silent for minutes; the reflector has a watchdog of its own.
      bodyTimeout: 0,
      connect: {
        timeout: 10_000,
        rejectUnauthorized: access.rejectUnauthorized,
        ...(access.ca === undefined ? {} : { ca: access.ca }),
        ...(access.cert === undefined ? {} : { cert: access.cert }),
        ...(access.key === undefined ? {} : { key: access.key }),
        ...(access.servername === undefined ? {} : { servername: access.servername }),
      },
    });
    this.#agent = { key, agent };
    former?.close().catch(() => {});
    return agent;
  }
}

function describe(call: ApiRequest): string {
  if (call.method === "GET") return call.query?.["watch"] === true ? "watch" : "read";
  return { POST: "create", PUT: "replace", PATCH: "patch", DELETE: "delete" }[call.method];
}
