import type { HttpReadSource, ReadSource } from "../../storage/read-source.ts";
import { followRedirect } from "../http/follow-redirect.ts";
import type { ReadFailure } from "../http/read-failure.ts";
import type { TransferSource } from "../transfer-types.ts";
import type { Endpoint } from "./endpoint.ts";

/** How a source can be read right now. `stream` stands for the source's own sequential reading. */
export interface Located {
  readonly read: ReadSource | { readonly kind: "stream" };
  readonly endpoint: Endpoint;
}

/** A signed read is renewed this much before it expires, in milliseconds. */
const renewalMarginMs = 20_000;
const maxRedirects = 5;

/** One source of one file: the located read, kept until it expires or is refused, and what its answers have to agree with. */
export class SourceAccess {
  readonly source: TransferSource;
  /** Strong validator (etag, else modification time) of the first answer, which holds for the rest. */
  validator: string | undefined;
  /** An answer that had no validator was taken. */
  anonymous = false;
  /** Does not have the file, or not this version of it. */
  excluded: ReadFailure | undefined;
  /** What was refused before its time and not replaced yet. */
  refusedRead: HttpReadSource | undefined;
  #located: Located | undefined;
  #unproven = false;
  /** Epoch milliseconds. */
  #settledAt = 0;
  /** In a row, since an answer was good. */
  #refusals = 0;
  #redirects = 0;

  constructor(source: TransferSource) {
    this.source = source;
  }

  /** How to read now, or undefined when it has to be located (again) first. `now` in milliseconds since the epoch. */
  current(now: number): Located | undefined {
    const located = this.#located;
    if (located?.read.kind !== "http") return located;
    const renewAt = located.read.expiresAt - renewalMarginMs;
    // One that was as good as expired when it came is tried all the same: the next one would be no better.
    const waited = this.#settledAt < renewAt;
    return renewAt <= now && (waited || !this.#unproven) ? undefined : located;
  }

  /** `now` in milliseconds since the epoch. */
  settle(located: Located, now: number): void {
    this.#located = located;
    this.refusedRead = undefined;
    this.#settledAt = now;
    this.#unproven = true;
  }

  /** An answer was good. */
  proven(): void {
    this.#unproven = false;
    this.#refusals = 0;
    this.#redirects = 0;
  }

  /** Whether this is what is read now; false for what was replaced while an attempt was under way. */
  holds(located: Located | undefined): boolean {
    return located !== undefined && located === this.#located;
  }

  /** It is located again before the next read. */
  invalidate(): void {
    this.#located = undefined;
  }

  /**
   * It was refused: it is located again, once. False when that was done already and did not help. A read that expired while
   * it waited for its turn does not count. `now` in milliseconds since the epoch.
   */
  refused(now: number): boolean {
    const read = this.#located?.read;
    const expired = read?.kind === "http" && read.expiresAt > this.#settledAt && read.expiresAt <= now;
    this.invalidate();
    if (!expired) {
      this.#refusals += 1;
      this.refusedRead = read?.kind === "http" ? read : undefined;
    }
    return this.#refusals <= 1;
  }

  /** The read that a redirect leads to, or why it is not followed. */
  follow(location: string): HttpReadSource | ReadFailure {
    const read = this.#located?.read;
    if (read?.kind !== "http") return { kind: "protocol", detail: "a redirect of something that is not HTTP" };
    this.#redirects += 1;
    if (this.#redirects > maxRedirects) {
      return { kind: "protocol", detail: `more than ${maxRedirects} redirects in a row` };
    }
    const redirected = followRedirect(read, location);
    return redirected.kind === "follow" ? redirected.read : redirected.failure;
  }
}
