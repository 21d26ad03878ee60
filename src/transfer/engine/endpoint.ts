import type { NetworkProfile } from "../../network/network-profile.ts";
import { AddressBook } from "../policy/address-book.ts";
import { AnswerHedge } from "../policy/answer-hedge.ts";
import { ConcurrencyController } from "../policy/concurrency-controller.ts";

/** One place that is read from (an origin, this machine's disk, a stream), with what its connections share. */
export class Endpoint {
  readonly key: string;
  /** Host name for HTTP, empty otherwise. */
  readonly host: string;
  readonly network: NetworkProfile | undefined;
  readonly controller: ConcurrencyController;
  readonly book = new AddressBook();
  readonly hedge = new AnswerHedge();
  /** When it last answered anything, in monotonic milliseconds. */
  lastAnswer: number | undefined;
  /** What one connection usually delivers, in bytes per second. */
  usualRate = 0;
  /** Since the last look of the controller. */
  window = { bytes: 0, completions: 0, peak: 0 };
  /** Length of that window so far, in milliseconds. */
  windowMs = 0;
  #active = 0;

  constructor(
    key: string,
    host: string,
    network: NetworkProfile | undefined,
    limits: { initial: number; max: number },
  ) {
    this.key = key;
    this.host = host;
    this.network = network;
    this.controller = new ConcurrencyController(limits);
  }

  /** Connections in use. */
  get active(): number {
    return this.#active;
  }

  get free(): number {
    return Math.max(0, this.controller.limit - this.#active);
  }

  acquire(): void {
    this.#active += 1;
    this.window.peak = Math.max(this.window.peak, this.#active);
  }

  release(): void {
    this.#active -= 1;
  }
}
