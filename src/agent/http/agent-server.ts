import { type FastifyInstance, type FastifyReply, fastify } from "fastify";
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

/**
 * `/livez`, `/healthz`, `/readyz`, `/metrics` and `/status`. Read-only, no state, no secrets. `/readyz`, which OME's documents
 * name, is `/healthz` again. Throws `config_invalid` when the address cannot be listened on.
 */
export async function startAgentServer(options: AgentServerOptions): Promise<AgentServer> {
  const server = fastify({ logger: false, forceCloseConnections: true });
  addProbes(server, options);
  server.get("/metrics", async (_, reply) => {
    const { contentType, body } = await options.metrics.render();
    return reply.header("content-type", contentType).send(body);
  });
  server.get("/status", async (request, reply) => {
    const snapshot = options.snapshot();
    reply.header("vary", "accept").header("cache-control", "no-store");
    if (!(request.headers.accept ?? "").includes("text/html")) return reply.send(snapshot);
    return reply
      .header("content-type", "text/html; charset=utf-8")
      .header("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'")
      .send(statusPage(snapshot, Date.now()));
  });
  try {
    await server.listen({ host: options.host, port: options.port });
  } catch (error) {
    await server.close();
    throw new StorageError({
      code: "config_invalid",
      operation: "listen on",
      target: `${options.host}:${options.port}`,
      detail: error instanceof Error ? error.message : String(error),
      hint: "Give a free port with --port, or 0 for any; --host chooses the address.",
      cause: error,
    });
  }
  const [address] = server.addresses();
  const port = typeof address === "object" ? address.port : options.port;
  return { port, close: () => server.close() };
}

function addProbes(server: FastifyInstance, { checks, logger }: AgentServerOptions): void {
  const plain = (reply: FastifyReply, status: number, body: string): FastifyReply =>
    reply
      .code(status)
      .header("content-type", "text/plain; charset=utf-8")
      .header("x-content-type-options", "nosniff")
      .send(body);
  for (const path of ["/livez", "/livez/ping"]) server.get(path, async (_, reply) => plain(reply, 200, "ok"));
  for (const endpoint of ["healthz", "readyz"]) {
    server.get<{ Querystring: Record<string, string | string[] | undefined> }>(
      `/${endpoint}`,
      async (request, reply) => {
        const { query } = request;
        const exclude = [query["exclude"] ?? []].flat();
        const answer = await answerHealth(checks, { endpoint, verbose: query["verbose"] !== undefined, exclude });
        if (answer.failures.length > 0) logger.warn({ failures: answer.failures }, "not healthy");
        return plain(reply, answer.status, answer.body);
      },
    );
    for (const check of checks) {
      server.get(`/${endpoint}/${check.name}`, async (_, reply) => {
        const answer = await answerHealth([check], { endpoint, verbose: false, exclude: [] });
        const [failure] = answer.failures;
        if (failure === undefined) return plain(reply, 200, "ok");
        logger.warn({ failures: answer.failures }, "not healthy");
        return plain(reply, 500, "internal server error: reason withheld\n");
      });
    }
  }
}
