import { isStorageError, StorageError, toStorageError } from "../errors.ts";
import { systemClock } from "../telemetry/clock.ts";
import { describeUri } from "../uri/describe-uri.ts";
import type { ObjectUri } from "../uri/object-uri.ts";
import { throwIfAborted } from "./cancellation.ts";
import { readFromSource } from "./read-from-source.ts";
import type { ReadSource } from "./read-source.ts";
import { type RetryOptions, waitForRetry } from "./retry.ts";
import type { Pin, SequentialStorage, Storage } from "./storage.ts";
import { isSequentialStorage } from "./storage-kinds.ts";

export interface OpenReadOptions extends RetryOptions {
  /** First byte wanted. Default 0. */
  readonly offset?: number | undefined;
  /** Bytes wanted; fewer come when the object ends before. Default: to the end. */
  readonly length?: number | undefined;
  /** The version to read, as `stat` or a listing gave it. Default: what `stat` says now. */
  readonly pin?: Pin | undefined;
}

/**
 * Streams an object, or a range of it, from any storage. For `cat` and small files: one connection, from front to back,
 * not verified by digest. A broken read continues at the byte where it broke; bytes of two versions never mix.
 *
 * @throws StorageError `not_found`, `precondition_failed` when the object changes meanwhile, `range_not_satisfiable` for
 * an offset behind its end, `config_invalid` for an offset or length that is none, and what reading can fail with.
 */
export async function* openRead(
  storage: Storage,
  uri: ObjectUri,
  options: OpenReadOptions = {},
): AsyncGenerator<Uint8Array> {
  const { offset = 0, length = Number.POSITIVE_INFINITY, signal } = options;
  const context = { operation: "read", provider: storage.provider, target: describeUri(uri), signal };
  if (!isCount(offset) || !(isCount(length) || length === Number.POSITIVE_INFINITY)) {
    const hint = "Give whole numbers of bytes, 0 or more.";
    throw new StorageError({ ...context, code: "config_invalid", detail: "the range is not valid", hint });
  }
  const pin = options.pin ?? (await storage.stat(uri, { signal }));
  if (offset > pin.size) {
    const detail = `offset ${offset} lies behind its ${pin.size} bytes`;
    throw new StorageError({ ...context, code: "range_not_satisfiable", detail, hint: "Ask for a range inside it." });
  }
  const read: PinnedRead = {
    uri,
    pin: { size: pin.size, etag: pin.etag, version: pin.version },
    start: offset,
    end: Math.min(pin.size, offset + length),
  };
  if (read.start === read.end) return;
  yield* isSequentialStorage(storage)
    ? readSequentially(storage, read, context)
    : readLocated(storage, read, options, context);
}

interface PinnedRead {
  readonly uri: ObjectUri;
  readonly pin: Pin;
  readonly start: number;
  readonly end: number;
}

interface ReadContext {
  readonly operation: string;
  readonly provider: string;
  readonly target: string;
  readonly signal: AbortSignal | undefined;
}

async function* readLocated(
  storage: Storage,
  read: PinnedRead,
  options: OpenReadOptions,
  context: ReadContext,
): AsyncGenerator<Uint8Array> {
  const clock = options.clock ?? systemClock;
  let position = read.start;
  let failures = 0;
  let source: ReadSource | undefined;
  let refused: ReadSource | undefined;
  let seenEtag: string | undefined;
  const onEtag = (etag: string): void => {
    seenEtag = etag;
  };
  while (position < read.end) {
    throwIfAborted(context.signal, context.operation, context.target);
    const fresh = source === undefined || (source.kind === "http" && source.expiresAt <= clock.now());
    try {
      if (fresh) source = await storage.locate(read.uri, { pin: read.pin, signal: context.signal, refused });
      refused = undefined;
      if (source === undefined) return;
      const range = { start: position, end: read.end, size: read.pin.size };
      for await (const chunk of readFromSource(source, range, { ...context, now: clock.now(), seenEtag, onEtag })) {
        position += chunk.length;
        failures = 0;
        yield chunk;
      }
    } catch (error) {
      const failure = isStorageError(error) ? error : toStorageError(error, context.operation, context.target);
      if (!fresh && isRefusal(failure)) {
        // The signature may have expired early: only a fresh one that is refused says anything about the credentials.
        refused = source;
        source = undefined;
        continue;
      }
      failures += 1;
      await waitForRetry(failure, failures, options);
    }
  }
}

async function* readSequentially(
  storage: SequentialStorage,
  read: PinnedRead,
  context: ReadContext,
): AsyncGenerator<Uint8Array> {
  let missing = read.end - read.start;
  const chunks = storage.read(read.uri, { offset: read.start, pin: read.pin, signal: context.signal });
  for await (const chunk of chunks) {
    throwIfAborted(context.signal, context.operation, context.target);
    const wanted = chunk.subarray(0, missing);
    missing -= wanted.length;
    if (wanted.length > 0) yield wanted;
    if (missing === 0) return;
  }
  const detail = `it ended ${missing} bytes early`;
  throw new StorageError({ ...context, code: "truncated", detail, hint: "Run it again." });
}

function isRefusal(error: StorageError): boolean {
  return error.code === "unauthenticated" || error.code === "permission_denied";
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
