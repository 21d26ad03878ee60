/** How long a source that failed is avoided, in milliseconds; doubles with every further failure in a row. */
const avoidMs = 5000;
const maxAvoidMs = 120_000;

interface Health {
  failures: number;
  avoidUntil: number;
}

/** Which of several sources to read from: the preferred ones, unless they failed lately. Times in monotonic milliseconds. */
export class SourceHealth {
  readonly #health = new Map<string, Health>();

  failed(id: string, now: number): void {
    const known = this.#health.get(id) ?? { failures: 0, avoidUntil: 0 };
    known.avoidUntil = now + Math.min(maxAvoidMs, avoidMs * 2 ** Math.min(known.failures, 8));
    known.failures += 1;
    this.#health.set(id, known);
  }

  succeeded(id: string): void {
    this.#health.delete(id);
  }

  /** Index of the first source that is not avoided, else of the one that is avoided for the shortest time. */
  choose(ids: readonly string[], now: number): number {
    const until = ids.map((id) => this.#health.get(id)?.avoidUntil ?? 0);
    const first = until.findIndex((time) => time <= now);
    return first >= 0 ? first : until.indexOf(Math.min(...until));
  }
}
