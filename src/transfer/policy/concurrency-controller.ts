/** What happened on one host during a window. */
export interface ConcurrencyWindow {
  readonly durationMs: number;
  /** Bytes received. */
  readonly bytes: number;
  /** Requests answered in full. */
  readonly completions: number;
  /** Most connections that were in use at a time. */
  readonly peak: number;
  /** Disk or CPU of this machine were the limit, so that more connections cannot help. */
  readonly saturated: boolean;
}

export interface ConcurrencyLimits {
  readonly initial: number;
  readonly max: number;
}

/** A small request is worth this many bytes of goodput, so that hosts with many small files are measured as well. */
const completionWorth = 64 * 1024;
const growthFactor = 2;
/** Doubling goes on while goodput grows by at least this share. */
const doublingGain = 0.1;
/** A probe upwards is kept when goodput grows by at least this share, one downwards when it loses no more. */
const probeGain = 0.02;
const rejectionsBeforeShedding = 3;
/** Windows of rest after a rejected probe. */
const restWindows = 4;
const backoffFactor = 0.7;
/** Overload answers within this time count once. */
const backoffWindowMs = 1000;

/**
 * How many connections a host gets: doubles while goodput grows, then probes in small steps up and, when that brings nothing,
 * down; backs off when the host says that it is overloaded. Decides by what it is told; has no clock of its own.
 */
export class ConcurrencyController {
  readonly #max: number;
  #limit: number;
  #phase: "doubling" | "steady" | "raised" | "lowered" = "doubling";
  #before: number;
  #reference = 0;
  #rejections = 0;
  #rest = 0;
  #backedOffAt = Number.NEGATIVE_INFINITY;

  constructor({ initial, max }: ConcurrencyLimits) {
    this.#max = max;
    this.#limit = Math.min(initial, max);
    this.#before = this.#limit;
  }

  /** Connections allowed now, at least 1. */
  get limit(): number {
    return this.#limit;
  }

  /** Takes the measurements of a window and adjusts. Windows in which the limit was not reached say nothing about it. */
  observe(window: ConcurrencyWindow): void {
    if (window.peak < this.#limit || window.durationMs <= 0) return;
    const goodput = (window.bytes + window.completions * completionWorth) / window.durationMs;
    switch (this.#phase) {
      case "doubling":
        this.#double(goodput, window.saturated);
        return;
      case "steady":
        this.#probe(goodput, window.saturated);
        return;
      case "raised":
        this.#judgeRaise(goodput);
        return;
      case "lowered":
        this.#judgeLowering(goodput);
    }
  }

  #double(goodput: number, saturated: boolean): void {
    if (this.#reference > 0 && goodput < this.#reference * (1 + doublingGain)) {
      if (goodput < this.#reference * (1 + probeGain)) this.#limit = this.#before;
      this.#settle(Math.max(goodput, this.#reference));
      return;
    }
    this.#reference = goodput;
    if (saturated || this.#limit >= this.#max) {
      this.#settle(goodput);
      return;
    }
    this.#before = this.#limit;
    this.#limit = Math.min(this.#max, this.#limit * growthFactor);
  }

  #settle(goodput: number): void {
    this.#phase = "steady";
    this.#reference = goodput;
    this.#rest = restWindows;
  }

  #probe(goodput: number, saturated: boolean): void {
    this.#reference = this.#reference * 0.75 + goodput * 0.25;
    if (this.#rest > 0) {
      this.#rest -= 1;
      return;
    }
    const step = Math.max(2, Math.round(this.#limit * 0.02));
    this.#before = this.#limit;
    if (this.#rejections < rejectionsBeforeShedding && !saturated && this.#limit < this.#max) {
      this.#phase = "raised";
      this.#limit = Math.min(this.#max, this.#limit + step);
    } else if (this.#limit > step) {
      this.#phase = "lowered";
      this.#rejections = 0;
      this.#limit -= step;
    } else {
      this.#rest = restWindows;
    }
  }

  #judgeRaise(goodput: number): void {
    const better = goodput >= this.#reference * (1 + probeGain);
    if (!better) {
      this.#limit = this.#before;
      this.#rejections += 1;
      this.#rest = restWindows;
    } else {
      this.#rejections = 0;
      this.#reference = goodput;
    }
    this.#phase = "steady";
  }

  #judgeLowering(goodput: number): void {
    if (goodput < this.#reference * (1 - probeGain)) {
      this.#limit = this.#before;
      this.#rest = restWindows * 2;
    }
    this.#phase = "steady";
  }

  /** The host answered 429 or 503. At most one step back per second, however many answers say so. */
  overloaded(now: number): void {
    if (now - this.#backedOffAt < backoffWindowMs) return;
    this.#backedOffAt = now;
    this.#limit = Math.max(1, Math.floor(this.#limit * backoffFactor));
    this.#before = this.#limit;
    this.#settle(0);
  }
}
