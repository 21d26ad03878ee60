import type { FaultAction } from "./fault-action.ts";

/** Which of a series: exactly this one, or those of a range (both ends included), of it every so many. Counting from 1. */
export type Ordinal = number | { readonly from?: number; readonly to?: number; readonly every?: number };

/** When a rule strikes: all that is given has to hold. */
export interface FaultCondition {
  readonly path?: string | RegExp;
  readonly method?: string;
  /** First byte asked for, or a half-open range that what is asked for overlaps. A request for the whole starts at 0. */
  readonly range?: { readonly start?: number; readonly overlaps?: readonly [start: number, end: number] };
  /** Whether the request has a Range header. */
  readonly ranged?: boolean;
  /** Header names in lower case; a value matches when it is equal or the expression finds something. */
  readonly headers?: Readonly<Record<string, string | RegExp>>;
  /** Connections in the order in which they were accepted. */
  readonly connection?: Ordinal;
  /** Requests within their connection. */
  readonly requestOnConnection?: Ordinal;
  /** Address of this server that the client chose. */
  readonly serverAddress?: string;
  readonly clientAddress?: string;
  /** Body bytes that this server has sent for the path so far, at least. */
  readonly bytesServed?: number;
  /**
   * The value of a query parameter or header (in lower case) is used up: so many body bytes were sent, or requests
   * answered, for it. A signature that expires in the middle, until the client comes with a new one.
   */
  readonly usedUp?: { readonly parameter?: string; readonly header?: string } & (
    | { readonly bytes: number }
    | { readonly requests: number }
  );
  /** Requests to which everything above applies, counted for this rule. */
  readonly request?: Ordinal;
  /** Of the requests to which everything above applies, this share (0..1), by the server's seed. */
  readonly probability?: number;
}

/** One line of a fault script. All rules that apply to a request act on its answer, in their order. */
export interface FaultRule {
  readonly when?: FaultCondition;
  /** Strikes at most so often. */
  readonly times?: number;
  readonly fault: FaultAction | readonly FaultAction[];
}

/** What a rule's condition is asked about. */
export interface RuleSubject {
  readonly path: string;
  readonly method: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
  /** Half-open; the whole object when no range was asked for. */
  readonly range: { readonly start: number; readonly end: number };
  readonly ranged: boolean;
  readonly connection: number;
  readonly requestOnConnection: number;
  readonly serverAddress: string;
  readonly clientAddress: string;
  readonly bytesServed: number;
  /** Body bytes sent and requests answered so far for requests that the filter accepts. */
  usageOf(sameCredential: (query: URLSearchParams, headers: Readonly<Record<string, string>>) => boolean): {
    readonly bytes: number;
    readonly requests: number;
  };
}

/** A rule with its counters. */
export class ActiveRule {
  readonly rule: FaultRule;
  readonly #random: () => number;
  #seen = 0;
  #applied = 0;

  constructor(rule: FaultRule, random: () => number) {
    this.rule = rule;
    this.#random = random;
  }

  /** How often it struck. */
  get applied(): number {
    return this.#applied;
  }

  /** The actions for this request; none when the rule does not apply. Counts the request. */
  strike(subject: RuleSubject): readonly FaultAction[] {
    const when = this.rule.when ?? {};
    if (!holds(when, subject)) return [];
    this.#seen++;
    if (when.request !== undefined && !inSeries(when.request, this.#seen)) return [];
    if (when.probability !== undefined && this.#random() >= when.probability) return [];
    if (this.#applied >= (this.rule.times ?? Number.POSITIVE_INFINITY)) return [];
    this.#applied++;
    return Array.isArray(this.rule.fault) ? this.rule.fault : [this.rule.fault as FaultAction];
  }
}

function holds(when: FaultCondition, subject: RuleSubject): boolean {
  return (
    matches(when.path, subject.path) &&
    (when.method === undefined || when.method === subject.method) &&
    rangeHolds(when, subject) &&
    Object.entries(when.headers ?? {}).every(([name, value]) => matches(value, subject.headers[name] ?? "")) &&
    (when.connection === undefined || inSeries(when.connection, subject.connection)) &&
    (when.requestOnConnection === undefined || inSeries(when.requestOnConnection, subject.requestOnConnection)) &&
    (when.serverAddress === undefined || when.serverAddress === subject.serverAddress) &&
    (when.clientAddress === undefined || when.clientAddress === subject.clientAddress) &&
    (when.bytesServed === undefined || subject.bytesServed >= when.bytesServed) &&
    (when.usedUp === undefined || isUsedUp(when.usedUp, subject))
  );
}

function rangeHolds(when: FaultCondition, subject: RuleSubject): boolean {
  if (when.ranged !== undefined && when.ranged !== subject.ranged) return false;
  const { start, overlaps } = when.range ?? {};
  if (start !== undefined && start !== subject.range.start) return false;
  return overlaps === undefined || (subject.range.start < overlaps[1] && overlaps[0] < subject.range.end);
}

function isUsedUp(usedUp: NonNullable<FaultCondition["usedUp"]>, subject: RuleSubject): boolean {
  const valueIn = (query: URLSearchParams, headers: Readonly<Record<string, string>>): string | undefined =>
    usedUp.header !== undefined ? headers[usedUp.header] : (query.get(usedUp.parameter ?? "") ?? undefined);
  const value = valueIn(subject.query, subject.headers);
  const usage = subject.usageOf((query, headers) => valueIn(query, headers) === value);
  return "bytes" in usedUp ? usage.bytes >= usedUp.bytes : usage.requests >= usedUp.requests;
}

function matches(pattern: string | RegExp | undefined, text: string): boolean {
  if (pattern === undefined) return true;
  return typeof pattern === "string" ? pattern === text : pattern.test(text);
}

function inSeries(ordinal: Ordinal, count: number): boolean {
  if (typeof ordinal === "number") return count === ordinal;
  const from = ordinal.from ?? 1;
  return (
    count >= from && count <= (ordinal.to ?? Number.POSITIVE_INFINITY) && (count - from) % (ordinal.every ?? 1) === 0
  );
}
