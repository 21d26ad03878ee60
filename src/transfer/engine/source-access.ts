import type { HttpReadSource, ReadSource } from "../../storage/read-source.ts";
import type { TransferSource } from "../transfer-types.ts";

/** Before its expiry a signed read is renewed this much earlier, in milliseconds. */
const renewalMarginMs = 30_000;

/** How one source of one file is read at the moment: the located read, kept until it expires or is refused. */
export class SourceAccess {
  readonly source: TransferSource;
  #read: ReadSource | undefined;
  #locating: Promise<ReadSource> | undefined;
  /** Where redirects led to. */
  #redirected: HttpReadSource | undefined;
  /** Strong validator of the first answer, which holds for the rest. */
  validator: string | undefined;

  constructor(source: TransferSource) {
    this.source = source;
  }

  /** What can be read now without asking, or undefined when it has to be located (again). */
  get(now: number): ReadSource | undefined {
    const read = this.#redirected ?? this.#read;
    if (read?.kind === "http" && read.expiresAt - renewalMarginMs < now) return undefined;
    return read;
  }

  /** Locates unless that is under way already. */
  locate(signal: AbortSignal): Promise<ReadSource> {
    this.#locating ??= this.source
      .locate({ signal })
      .then((read) => {
        this.#read = read;
        this.#redirected = undefined;
        return read;
      })
      .finally(() => {
        this.#locating = undefined;
      });
    return this.#locating;
  }

  /** The read was refused or does not hold: the next one is located again. */
  invalidate(): void {
    this.#read = undefined;
    this.#redirected = undefined;
  }

  redirect(read: HttpReadSource): void {
    this.#redirected = read;
  }
}
