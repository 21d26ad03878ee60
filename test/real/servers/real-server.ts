import type { ConformanceLimits } from "../../../src/testing/conformance/index.ts";
import type { Keys } from "./keys.ts";

/** A real S3 server that runs now. */
export interface RunningServer {
  /** What it is and where it came from, for the report. */
  readonly description: string;
  readonly url: string;
  readonly keys: Keys;
  stop(): Promise<void>;
}

/** A kind of real server: how to get it, and how it differs from Amazon S3. */
export interface RealServer {
  readonly name: string;
  /** Parameters that a user of this server gives, endpoint and login apart. */
  readonly parameters: Readonly<Record<string, string>>;
  /** What it cannot hold or do; each with its reason beside it. */
  readonly limits: ConformanceLimits;
  /** False when it is asked for encoded keys in listings and gives them as they are; some clients then go wrong. */
  readonly encodesListings?: boolean | undefined;
  /** Names of conformance cases and of further tests that it cannot pass, with the reason: findings about the server, not about us. */
  readonly departures: Readonly<Record<string, string>>;
  /**
   * Finds or installs it and starts it. Throws {@link Unavailable} when it cannot be had on this machine in the time given.
   * `limitMs` bounds the installation only.
   */
  start(limitMs: number): Promise<RunningServer>;
}

/** Why a server could not be had: one line that names what was tried. */
export class Unavailable extends Error {}
