/** Shares are made anew at most this often, in milliseconds: a rate that was measured over less is no rate. */
const settleMs = 250;
/** Who uses this much of its share wants more. */
const saturated = 0.85;
/** Others get this much more than they used, so that they can grow. */
const headroom = 1.5;
/** Of an equal share, for who uses nothing now: enough to be noticed when it begins again. */
const idleShare = 0.1;

/** One transfer's part of a {@link BandwidthCap}. */
export interface BandwidthShare {
  /**
   * Bytes per second that may be used from now on. To be asked several times a second, with the bytes received so far. `now` in
   * monotonic milliseconds, the same clock for all who share.
   */
  rate(receivedBytes: number, now: number): number;
  /** The transfer is over: what it had goes to the others. */
  leave(): void;
}

interface Participant {
  share: number;
  received: number;
  /** When the use was last looked at, and how much had been received by then. */
  lookedAt: number | undefined;
  lookedBytes: number;
  /** Bytes per second. `Infinity`: all that it can get. */
  demand: number;
}

/**
 * A cap in bytes per second over all transfers that take part: who needs little gets what it needs, the others share the rest
 * equally. All shares together never exceed the cap.
 */
export class BandwidthCap {
  readonly bytesPerSecond: number;
  readonly #participants = new Set<Participant>();

  /** `bytesPerSecond` at least 1. */
  constructor(bytesPerSecond: number) {
    this.bytesPerSecond = bytesPerSecond;
  }

  join(): BandwidthShare {
    const participant: Participant = {
      share: 0,
      received: 0,
      lookedAt: undefined,
      lookedBytes: 0,
      demand: Number.POSITIVE_INFINITY,
    };
    this.#participants.add(participant);
    this.#divide();
    return {
      rate: (receivedBytes, now) => {
        participant.received = receivedBytes;
        this.#look(participant, now);
        return participant.share;
      },
      leave: () => {
        this.#participants.delete(participant);
        this.#divide();
      },
    };
  }

  #look(participant: Participant, now: number): void {
    participant.lookedAt ??= now;
    const elapsed = now - participant.lookedAt;
    if (elapsed < settleMs) return;
    const used = ((participant.received - participant.lookedBytes) / elapsed) * 1000;
    participant.lookedAt = now;
    participant.lookedBytes = participant.received;
    participant.demand = used >= saturated * participant.share ? Number.POSITIVE_INFINITY : used * headroom;
    this.#divide();
  }

  #divide(): void {
    const all = [...this.#participants];
    const least = (this.bytesPerSecond / Math.max(1, all.length)) * idleShare;
    const shares = divideBandwidth(
      this.bytesPerSecond,
      all.map(({ demand }) => Math.max(least, demand)),
    );
    for (const [index, participant] of all.entries()) participant.share = shares[index] ?? 0;
  }
}

/** Max-min fair shares of a total: none exceeds its demand, and none could be larger except at the cost of a smaller one. */
export function divideBandwidth(total: number, demands: readonly number[]): readonly number[] {
  const shares = demands.map(() => 0);
  let rest = total;
  const order = [...demands.keys()].sort((a, b) => (demands[a] ?? 0) - (demands[b] ?? 0));
  for (const [position, index] of order.entries()) {
    const share = Math.min(demands[index] ?? 0, rest / (order.length - position));
    shares[index] = share;
    rest -= share;
  }
  return shares;
}
