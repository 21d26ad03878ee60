import type { Dispatcher } from "undici";
import { isStorageError, StorageError } from "../errors.ts";
import { connectionError } from "../network/connection-error.ts";
import type { Clock } from "../telemetry/clock.ts";
import type { Logger } from "../telemetry/logger.ts";
import { cancelled } from "./cancelled.ts";
import { withTimeLimit } from "./time-limit.ts";

/** Milliseconds that one answer may take: metadata services have been seen to need 20 seconds while a node starts. */
const answerTimeoutMs = 30_000;
/** Milliseconds to go on asking a service that answers with errors, or that is not there yet while a pod starts. */
const patienceMs = 60_000;
/** Outside a cluster an address that nobody answers on means that this is no machine of that cloud. */
const impatienceMs = 5_000;

export interface MetadataContext {
  readonly dispatcher: Dispatcher;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Name for people: `EC2 instance metadata`. */
  readonly service: string;
  readonly operation: string;
  readonly provider: string;
  /** Wait for a service that cannot be reached yet, as on a node that starts; a minute instead of five seconds. */
  readonly patient: boolean;
}

export interface MetadataRequest {
  readonly url: URL;
  readonly method?: "GET" | "PUT" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface MetadataAnswer {
  readonly status: number;
  readonly body: string;
}

/**
 * Sends one request to a service on the node. Every status below 500 but 429 is an answer; the rest is thrown.
 *
 * @throws StorageError `unavailable`, `connection` or `timeout`, temporary; `cancelled`.
 */
export async function askMetadata(
  context: MetadataContext,
  request: MetadataRequest,
  signal: AbortSignal,
): Promise<MetadataAnswer> {
  const { operation, provider, service } = context;
  const { url, method = "GET", headers = {}, body = null } = request;
  let answer: MetadataAnswer;
  try {
    answer = await withTimeLimit(context.clock, answerTimeoutMs, signal, async (limited) => {
      const { origin, pathname, search } = url;
      const received = await context.dispatcher.request({
        origin,
        path: pathname + search,
        method,
        headers: { ...headers },
        body,
        signal: limited,
      });
      return { status: received.statusCode, body: await received.body.text() };
    });
  } catch (error) {
    if (signal.aborted) throw cancelled(signal, operation);
    throw connectionError(error, { operation, target: service, host: url.host, provider });
  }
  if (answer.status < 500 && answer.status !== 429) return answer;
  throw new StorageError({
    code: answer.status === 429 ? "rate_limited" : "unavailable",
    operation,
    provider,
    target: service,
    httpStatus: answer.status,
    detail: `the service answers with status ${answer.status}`,
    hint: "It is tried again; check the metadata service of the node if it persists.",
  });
}

/**
 * Repeats an attempt while the service is not ready: errors of its own for a minute, an address that nobody answers on for
 * a minute in a cluster and five seconds elsewhere. Every wait is logged. Permanent refusals end it at once.
 */
export async function waitForMetadata<T>(
  context: MetadataContext,
  signal: AbortSignal,
  attempt: () => Promise<T>,
): Promise<T> {
  const { clock, logger, operation, service } = context;
  const start = clock.monotonic();
  for (let attempts = 1; ; attempts++) {
    try {
      return await attempt();
    } catch (error) {
      if (signal.aborted) throw cancelled(signal, operation);
      if (!isStorageError(error) || error.retry !== "temporary") throw error;
      const waitedMs = clock.monotonic() - start;
      const delayMs = Math.min(500 * 2 ** (attempts - 1), 5_000);
      const limit = isUnreachable(error) && !context.patient ? impatienceMs : patienceMs;
      if (waitedMs + delayMs > limit) throw error.with({ attempts });
      logger.info(
        { service, attempts, waitedMs, delayMs, reason: error.detail },
        "metadata service is not ready, waiting",
      );
      try {
        await clock.sleep(delayMs, signal);
      } catch {
        throw cancelled(signal, operation);
      }
    }
  }
}

function isUnreachable(error: StorageError): boolean {
  return error.code === "connection" || error.serviceCode === "UND_ERR_CONNECT_TIMEOUT";
}
