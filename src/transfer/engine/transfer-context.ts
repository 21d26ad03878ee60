import type { Clock, Random } from "../../telemetry/clock.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { ScopeGuard } from "../policy/scope-guard.ts";
import { SourceHealth } from "../policy/source-health.ts";
import type { TransferEvent, TransferOptions } from "../transfer-types.ts";

/** What all parts of one transfer share. */
export class TransferContext {
  readonly options: TransferOptions;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly health = new SourceHealth();
  /** Aborts when the transfer ends, in whatever way. */
  readonly stopping = new AbortController();
  readonly #scopes = new Map<string, ScopeGuard>();
  readonly #fail: (error: unknown) => void;
  #nextId = 1;

  constructor(options: TransferOptions, clock: Clock, random: Random, logger: Logger, fail: (error: unknown) => void) {
    this.options = options;
    this.clock = clock;
    this.random = random;
    this.logger = logger;
    this.#fail = fail;
  }

  get stopped(): boolean {
    return this.stopping.signal.aborted;
  }

  /** Monotonic milliseconds. */
  get now(): number {
    return this.clock.monotonic();
  }

  /** A number that nothing else in this transfer has. */
  nextId(): number {
    const id = this.#nextId;
    this.#nextId += 1;
    return id;
  }

  emit(event: TransferEvent): void {
    this.tell(() => this.options.onEvent?.(event));
  }

  /** Calls what nobody waits for; when it throws, that ends the transfer, and never the process. */
  tell(listener: () => void): void {
    try {
      listener();
    } catch (error) {
      this.fail(error);
    }
  }

  /** Ends the transfer with this error; the first one counts. */
  fail(error: unknown): void {
    if (this.stopped) return;
    this.stopping.abort();
    this.#fail(error);
  }

  scope(name: string): ScopeGuard {
    const known = this.#scopes.get(name);
    if (known !== undefined) return known;
    const guard = new ScopeGuard(this.now);
    this.#scopes.set(name, guard);
    return guard;
  }

  /** Calls back after `ms` milliseconds unless the transfer has ended by then. */
  later(ms: number, callback: () => void): void {
    this.clock.sleep(ms, this.stopping.signal).then(
      () => this.tell(callback),
      () => undefined,
    );
  }
}
