import type { HttpReadSource, ReadSource } from "./read-source.ts";
import type { LocateOptions } from "./storage.ts";

/** Anything that gives out credentials and can be told that the last ones were refused. */
interface Renewable<Value> {
  resolve(options: {
    readonly signal?: AbortSignal | undefined;
    readonly forceRefresh?: boolean | undefined;
  }): Promise<Value>;
}

/**
 * Credentials for a read. When the service refused one before its time ({@link LocateOptions.refused}) and that one was made with
 * the credentials at hand, new ones are fetched: once, however many reads were refused. Where others were fetched since, these serve.
 * `madeWith` says whether a read may have been made with a value; in doubt it did.
 *
 * @throws StorageError what fetching credentials throws.
 */
export async function renewRefused<Value>(
  credentials: Renewable<Value>,
  { refused, signal }: LocateOptions,
  madeWith: (read: HttpReadSource, value: Value) => boolean,
): Promise<Value> {
  const held = await credentials.resolve({ signal });
  if (!isHttp(refused) || !madeWith(refused, held)) return held;
  return credentials.resolve({ signal, forceRefresh: true });
}

/** Whether a read may have carried this bearer token; one without any lost it to a redirect, and tells nothing. */
export function carriesToken({ headers }: HttpReadSource, token: string | undefined): boolean {
  const sent = headers["authorization"];
  return sent === undefined || token === undefined || sent === `Bearer ${token}`;
}

function isHttp(read: ReadSource | undefined): read is HttpReadSource {
  return read?.kind === "http";
}
