/** How long an address that did not connect is tried last, in milliseconds; doubles with every further failure. */
const penaltyMs = 10_000;
const maxPenaltyMs = 300_000;
/** An address that DNS has not named for this long is forgotten. */
const forgetMs = 300_000;
/** How long an answer of DNS is good. */
const freshMs = 30_000;

interface Known {
  seenAt: number;
  failures: number;
  badUntil: number;
  uses: number;
}

/**
 * The addresses of a host, collected over several answers of DNS (which often names a few of many at a time). New connections
 * go to the address used least; those that failed lately come last. Times in monotonic milliseconds.
 */
export class AddressBook {
  readonly #known = new Map<string, Known>();
  #resolvedAt = Number.NEGATIVE_INFINITY;

  /** Whether DNS should be asked again. */
  stale(now: number): boolean {
    return now - this.#resolvedAt >= freshMs;
  }

  get empty(): boolean {
    return this.#known.size === 0;
  }

  resolved(addresses: readonly string[], now: number): void {
    this.#resolvedAt = now;
    for (const address of addresses) {
      const known = this.#known.get(address);
      if (known !== undefined) known.seenAt = now;
      else this.#known.set(address, { seenAt: now, failures: 0, badUntil: 0, uses: this.#leastUses() });
    }
    for (const [address, { seenAt }] of this.#known) if (now - seenAt > forgetMs) this.#known.delete(address);
  }

  #leastUses(): number {
    const uses = [...this.#known.values()].map((known) => known.uses);
    return uses.length === 0 ? 0 : Math.min(...uses);
  }

  /** Up to `count` addresses for one new connection, best first; counts as a use of the first. */
  pick(count: number, now: number): readonly string[] {
    const order = [...this.#known].sort(([, a], [, b]) => {
      const badA = a.badUntil > now ? a.badUntil : 0;
      const badB = b.badUntil > now ? b.badUntil : 0;
      return badA - badB || a.uses - b.uses;
    });
    const first = order[0];
    if (first !== undefined) first[1].uses += 1;
    return order.slice(0, count).map(([address]) => address);
  }

  /** The address connected and delivered. */
  good(address: string): void {
    const known = this.#known.get(address);
    if (known === undefined) return;
    known.failures = 0;
    known.badUntil = 0;
  }

  /** The address did not connect, or went silent. */
  bad(address: string, now: number): void {
    const known = this.#known.get(address);
    if (known === undefined) return;
    known.badUntil = now + Math.min(maxPenaltyMs, penaltyMs * 2 ** Math.min(known.failures, 8));
    known.failures += 1;
  }
}
