/** What is known of a host when an attempt at it got no answer. Times in monotonic milliseconds. */
export interface OutageState {
  readonly now: number;
  /** When the host last answered anybody; undefined when it never did. */
  readonly lastAnswer: number | undefined;
  /** When the part's present row of failures began. */
  readonly failingSince: number;
}

/** How long a host that worked before may be away before the transfer gives up. */
const patienceMs = 60_000;
/** Answers that were under way when the failures began still arrive for so long. */
const slackMs = 1000;
/** While the host is away it is asked again at least this often. */
const probeMs = 1000;

/** True while the host as a whole is away, not just for one part: it worked before, and nobody gets an answer any more. */
export function isOutage({ now, lastAnswer, failingSince }: OutageState): boolean {
  return lastAnswer !== undefined && lastAnswer <= failingSince + slackMs && now - lastAnswer < patienceMs;
}

/** Shortens a retry delay during an outage, so that its end is noticed soon. Milliseconds. */
export function outageDelay(delayMs: number, random: () => number): number {
  return Math.min(delayMs, probeMs * (0.5 + random() / 2));
}
