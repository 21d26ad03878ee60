import type { ObjectInfo } from "../../storage.ts";

/** Objects that are remembered; models have none as a rule. */
const limit = 10_000;

/**
 * Remembers which objects are stored encoded (`Content-Encoding: gzip`), as listings and descriptions tell it: reading them as
 * they are stored has to be asked for.
 */
export class StoredEncodings {
  readonly #encodings = new Map<string, string>();
  #forgot = false;

  note(bucket: string, { key, version, contentEncoding }: ObjectInfo): void {
    if (contentEncoding === undefined) return;
    const [oldest] = this.#encodings.keys();
    if (oldest !== undefined && this.#encodings.size >= limit) {
      this.#encodings.delete(oldest);
      this.#forgot = true;
    }
    this.#encodings.set(nameOf(bucket, key, version), contentEncoding);
  }

  /** Undefined for objects that are stored as they are; "forgotten" where that is not known any more. */
  find(bucket: string, key: string, version: string): { readonly encoding: string | undefined } | "forgotten" {
    const encoding = this.#encodings.get(nameOf(bucket, key, version));
    return encoding === undefined && this.#forgot ? "forgotten" : { encoding };
  }
}

function nameOf(bucket: string, key: string, version: string | undefined): string {
  return `${bucket}/${key}#${version}`;
}
