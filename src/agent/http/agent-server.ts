import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { StorageError } from "../../errors.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { AgentStatus } from "../status/agent-status.ts";
import { answerHealth, type HealthCheck } from "./health.ts";
import { statusPage } from "./status-page.ts";

export interface AgentServerOptions {
  /** Address to listen on, such as `0.0.0.0` or `127.0.0.1`. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly metrics: Metrics;
  readonly checks: readonly HealthCheck[];
  readonly snapshot: () => AgentStatus;
  readonly logger: Logger;
}

export interface AgentServer {
  readonly port: number;
  /** Stops listening and ends open connections. */
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What a request for one path gets. */
type Route = (query: URLSearchParams, headers: IncomingMessage["headers"]) => Promise<Answer>;

/**
 * `/livez`, `/healthz`, `/readyz`, `/metrics` and `/status`. Read-only, no state, no secrets. `/readyz`, which OME's documents
 * name, is `/healthz` again. Throws `config_invalid` when the address cannot be listened on.
 */
export async function startAgentServer(options: AgentServerOptions): Promise<AgentServer> {
  const routes = new Map([...probes(options), ...pages(options)]);
  const server = createServer((request, response) => {
    void answer(routes, request, response, options.logger);
  });
  await listen(server, options);
  server.on("error", (error) => options.logger.warn({ err: error }, "a connection was not accepted"));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : options.port;
  return {
    port,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function listen(server: Server, { host, port }: AgentServerOptions): Promise<void> {
  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (error) {
    throw new StorageError({
      code: "config_invalid",
      operation: "listen on",
      target: `${host}:${port}`,
      detail: error instanceof Error ? error.message : String(error),
      hint: "Give a free port with --port, or 0 for any; --host chooses the address.",
      cause: error,
    });
  }
}

async function answer(
  routes: ReadonlyMap<string, Route>,
  request: IncomingMessage,
  response: ServerResponse,
  logger: Logger,
): Promise<void> {
  const { status, headers, body } = await answerTo(routes, request).catch((error: unknown): Answer => {
    logger.error({ err: error, path: request.url }, "a request failed");
    return plain(500, "internal server error\n");
  });
  response.writeHead(status, { ...headers, "content-length": Buffer.byteLength(body) });
  response.end(request.method === "HEAD" ? undefined : body);
}

async function answerTo(
  routes: ReadonlyMap<string, Route>,
  { method = "GET", url = "/", headers }: IncomingMessage,
): Promise<Answer> {
  const [path = "/", ...query] = url.split("?");
  const route = routes.get(path);
  if (route === undefined) return plain(404, "not found\n");
  if (method === "GET" || method === "HEAD") return route(new URLSearchParams(query.join("?")), headers);
  const refusal = plain(405, "method not allowed\n");
  return { ...refusal, headers: { ...refusal.headers, allow: "GET, HEAD" } };
}

function plain(status: number, body: string): Answer {
  const headers = { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff" };
  return { status, headers, body };
}

function pages({ metrics, snapshot }: AgentServerOptions): readonly (readonly [string, Route])[] {
  const cache = { vary: "accept", "cache-control": "no-store" };
  return [
    [
      "/metrics",
      async () => {
        const { contentType, body } = await metrics.render();
        return { status: 200, headers: { "content-type": contentType }, body };
      },
    ],
    [
      "/status",
      async (_, { accept = "" }) => {
        if (!accept.includes("text/html")) {
          const headers = { ...cache, "content-type": "application/json; charset=utf-8" };
          return { status: 200, headers, body: JSON.stringify(snapshot()) };
        }
        const headers = {
          ...cache,
          "content-type": "text/html; charset=utf-8",
          "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
        };
        return { status: 200, headers, body: statusPage(snapshot(), Date.now()) };
      },
    ],
  ];
}

function probes({ checks, logger }: AgentServerOptions): readonly (readonly [string, Route])[] {
  const alive: Route = async () => plain(200, "ok");
  const routes: [string, Route][] = [
    ["/livez", alive],
    ["/livez/ping", alive],
  ];
  for (const endpoint of ["healthz", "readyz"]) {
    routes.push([
      `/${endpoint}`,
      async (query) => {
        const choice = { endpoint, verbose: query.has("verbose"), exclude: query.getAll("exclude") };
        const { status, body, failures } = await answerHealth(checks, choice);
        if (failures.length > 0) logger.warn({ failures }, "not healthy");
        return plain(status, body);
      },
    ]);
    for (const check of checks) {
      routes.push([
        `/${endpoint}/${check.name}`,
        async () => {
          const { failures } = await answerHealth([check], { endpoint, verbose: false, exclude: [] });
          if (failures.length === 0) return plain(200, "ok");
          logger.warn({ failures }, "not healthy");
          return plain(500, "internal server error: reason withheld\n");
        },
      ]);
    }
  }
  return routes;
}
