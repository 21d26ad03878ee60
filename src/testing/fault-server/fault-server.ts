import type { LookupFunction } from "node:net";
import type { Content } from "../content/content.ts";
import { seededRandom } from "../content/generated-content.ts";
import { plainAnswer } from "./answer.ts";
import { applyAction } from "./apply-action.ts";
import { sharedBandwidth } from "./bandwidth.ts";
import { serveRequests } from "./connection.ts";
import { delivered, deliveryWindow } from "./delivered.ts";
import type { FaultAction, OutageMode } from "./fault-action.ts";
import { ActiveRule, type FaultRule, type RuleSubject } from "./fault-rule.ts";
import { type AcceptedConnection, type Listener, listen } from "./listener.ts";
import { parseRange, type RequestHead } from "./request-head.ts";
import { type OpenRecord, type RecordedRequest, RequestLog } from "./request-log.ts";
import { sendAnswer } from "./send-answer.ts";
import { type ObjectLike, type ServedObject, toServedObject } from "./served-object.ts";

export interface FaultServerOptions {
  /** Makes rules with a probability repeatable. Default 1. */
  readonly seed?: number;
  readonly rules?: readonly FaultRule[];
  /** Loopback addresses to listen on, one port for all (Linux has the whole of 127.0.0.0/8). Default `["127.0.0.1"]`. */
  readonly addresses?: readonly string[];
  /** Those of the addresses that accept connections and never answer. */
  readonly deadAddresses?: readonly string[];
  /** PEM texts; with them the server speaks TLS. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Host name in URLs; `lookup` resolves any name to the addresses. Default: the first address. */
  readonly hostName?: string;
  /** Body bytes per second of all connections together. Unlimited when absent. */
  readonly bandwidth?: number;
  /**
   * Bytes of a connection that may be sent and not yet read by the client (Linux). Without it socket buffers hold
   * megabytes, which count as sent although a killed client never got them.
   */
  readonly window?: number;
}

/** A rule that was added, with its counter. */
export interface AddedRule {
  /** How often it struck. */
  readonly applied: number;
  remove(): void;
}

/** An HTTP/1.1 server on loopback that misbehaves as its script says, down to single bytes, and remembers what was asked. */
export interface FaultServer extends AsyncDisposable {
  /** Scheme, host and port. */
  readonly origin: string;
  readonly port: number;
  readonly addresses: readonly string[];
  /** For clients that take one: resolves every host name to all addresses, in their order. */
  readonly lookup: LookupFunction;
  readonly requests: readonly RecordedRequest[];
  /** Connections accepted so far. */
  readonly connections: number;
  /** Absolute URL of a path that starts with `/`, query included if there is one. */
  url(path: string): string;
  /** Adds or replaces an object. */
  put(path: string, object: ObjectLike): void;
  remove(path: string): void;
  addRule(rule: FaultRule): AddedRule;
  requestsTo(path: string): readonly RecordedRequest[];
  /** Body bytes sent so far, in total or for the path. */
  bytesServed(path?: string): number;
  /** Bytes of the path's object that were sent more than once. */
  refetchedBytes(path: string): number;
  /** Resolves as soon as so many body bytes were sent, in total or for the path. */
  waitForBytes(bytes: number, path?: string): Promise<void>;
  /** Out for so many milliseconds: open connections are reset, new ones fare as `mode` says (default `refuse`). */
  outage(ms: number, mode?: OutageMode): Promise<void>;
  /** Closes every connection and the listeners. */
  close(): Promise<void>;
}

/** A request and what it came on. */
interface Exchange {
  readonly request: RequestHead;
  readonly record: OpenRecord;
  readonly connection: AcceptedConnection;
  readonly requestOnConnection: number;
  /** Body bytes that the connection carried before. */
  readonly bytes: number;
  readonly window: (bytes: number) => Promise<void>;
}

/** Starts a {@link FaultServer} on a free port. Rejects with the system's error when an address cannot be bound. */
export async function startFaultServer(options: FaultServerOptions = {}): Promise<FaultServer> {
  const addresses = options.addresses ?? ["127.0.0.1"];
  const objects = new Map<string, ServedObject>();
  const log = new RequestLog();
  const random = seededRandom(options.seed ?? 1);
  const bandwidth = sharedBandwidth(options.bandwidth);
  const rules: ActiveRule[] = (options.rules ?? []).map((rule) => new ActiveRule(rule, random));

  const onConnection = (connection: AcceptedConnection): void => {
    let bytes = 0;
    const window = deliveryWindow(connection.raw, options.window);
    serveRequests(connection.stream, {
      answer: async (request, requestOnConnection) => {
        const record = log.open(request, connection.number, connection.serverAddress);
        try {
          const goOn = await answerRequest({ request, record, connection, requestOnConnection, bytes, window });
          bytes += record.bodyBytes;
          return goOn;
        } catch {
          log.close(record, "abandoned");
          return false;
        }
      },
    });
  };

  const answerRequest = async (exchange: Exchange): Promise<boolean> => {
    const { request, record, connection, requestOnConnection, bytes: connectionBytes } = exchange;
    const stored = objects.get(request.path);
    const subject = ruleSubject(request, record, connection, requestOnConnection, stored?.content);
    const actions = rules.flatMap((rule) => rule.strike(subject));
    record.faults = actions.map((action) => action.type);
    for (const action of actions) if (action.type === "outage") void listener.outage(action.ms, action.mode);
    const object = actions.reduce(replacedObject, stored);
    const ignorePreconditions = actions.some((action) => action.type === "ignore-preconditions");
    let answer = plainAnswer(request, object, { ignorePreconditions });
    for (const action of actions) answer = applyAction(answer, action, { request, connectionBytes });
    record.start = answer.ofObject ? answer.start : undefined;
    const outcome = await sendAnswer(answer, {
      method: request.method,
      socket: connection.stream,
      gone: connection.gone,
      reset: async () => {
        await delivered(connection.raw);
        connection.reset();
      },
      onStatus: (status) => {
        record.status = status;
      },
      onBody: (bytes) => log.countBody(record, bytes),
      mayPass: async (bytes) => {
        await bandwidth(bytes);
        await exchange.window(bytes);
      },
    });
    log.close(record, outcome);
    return outcome === "complete" && request.keepAlive;
  };

  const ruleSubject = (
    request: RequestHead,
    record: OpenRecord,
    connection: AcceptedConnection,
    requestOnConnection: number,
    content: Content | undefined,
  ): RuleSubject => {
    const size = content?.size ?? 0;
    const range = parseRange(request.headers["range"], size);
    return {
      path: request.path,
      method: request.method,
      query: request.query,
      headers: request.headers,
      range: range.kind === "slice" ? range : { start: 0, end: size },
      ranged: request.headers["range"] !== undefined,
      connection: connection.number,
      requestOnConnection,
      serverAddress: connection.serverAddress,
      clientAddress: connection.clientAddress,
      bytesServed: log.bytesServed(request.path),
      usageOf: (same) => {
        const used = log.requests.filter((other) => other !== record && same(other.query, other.headers));
        return { requests: used.length, bytes: used.reduce((sum, other) => sum + other.bodyBytes, 0) };
      },
    };
  };

  const listener: Listener = await listen({
    addresses,
    deadAddresses: options.deadAddresses ?? [],
    tls: options.tls,
    onConnection,
  });
  const scheme = options.tls === undefined ? "http" : "https";
  const origin = `${scheme}://${options.hostName ?? addresses[0]}:${listener.port}`;
  const close = (): Promise<void> => listener.close();
  return {
    origin,
    port: listener.port,
    addresses,
    lookup: lookupOf(addresses),
    requests: log.requests,
    get connections() {
      return listener.accepted;
    },
    url: (path) => `${origin}${path}`,
    put: (path, object) => void objects.set(path, toServedObject(object)),
    remove: (path) => void objects.delete(path),
    addRule: (rule) => {
      const active = new ActiveRule(rule, random);
      rules.push(active);
      return {
        get applied() {
          return active.applied;
        },
        remove: () => void rules.splice(rules.indexOf(active), 1),
      };
    },
    requestsTo: (path) => log.requests.filter((request) => request.path === path),
    bytesServed: (path) => log.bytesServed(path),
    refetchedBytes: (path) => log.refetchedBytes(path),
    waitForBytes: (bytes, path) => log.waitForBytes(bytes, path),
    outage: (ms, mode) => listener.outage(ms, mode),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function replacedObject(object: ServedObject | undefined, action: FaultAction): ServedObject | undefined {
  return action.type === "object" ? toServedObject(action.object) : object;
}

function lookupOf(addresses: readonly string[]): LookupFunction {
  return (_hostName, options, callback) => {
    if (options.all === true) {
      callback(
        null,
        addresses.map((address) => ({ address, family: 4 })),
      );
    } else callback(null, addresses[0] ?? "127.0.0.1", 4);
  };
}
