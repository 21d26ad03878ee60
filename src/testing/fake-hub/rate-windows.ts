import type { Budget, FakeHubOptions } from "./fake-hub-options.ts";

/** Counts requests in fixed windows, as the Hub does. */
export class RateWindows {
  readonly #options: FakeHubOptions;
  readonly #clock: () => number;
  readonly #windows = new Map<Budget, { start: number; used: number }>();
  /** Requests that were refused, by budget. */
  readonly refused = new Map<Budget, number>();

  constructor(options: FakeHubOptions, clock: () => number) {
    this.#options = options;
    this.#clock = clock;
  }

  /** Takes one request from a budget: the fields for its answer, and whether it is refused. */
  take(budget: Budget): { readonly refused: boolean; readonly headers: Readonly<Record<string, string>> } {
    const limit = this.#options.limits?.[budget];
    if (limit === undefined) return { refused: false, headers: {} };
    const now = this.#clock();
    const length = limit.windowSeconds * 1000;
    const start = Math.floor(now / length) * length;
    const known = this.#windows.get(budget);
    const window = known?.start === start ? known : { start, used: 0 };
    this.#windows.set(budget, window);
    const refused = window.used >= limit.requests;
    window.used += 1;
    if (refused) this.refused.set(budget, (this.refused.get(budget) ?? 0) + 1);
    const left = Math.max(0, limit.requests - window.used);
    return { refused, headers: this.#headers(budget, left, Math.ceil((start + length - now) / 1000), refused) };
  }

  #headers(budget: Budget, left: number, seconds: number, refused: boolean): Record<string, string> {
    switch (this.#options.limitHeaders ?? "ratelimit") {
      case "ratelimit":
        return {
          ratelimit: `"${budget}";r=${left};t=${seconds}`,
          "ratelimit-policy": `"fixed window";"${budget}";q=${this.#options.limits?.[budget]?.requests};w=${this.#options.limits?.[budget]?.windowSeconds}`,
        };
      case "retry-after":
        return refused ? { "retry-after": String(seconds) } : {};
      case "none":
        return {};
    }
  }
}
