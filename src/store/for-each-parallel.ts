/**
 * Runs `work` over all items, at most `limit` at a time. After the first failure or an abort no further item is begun;
 * the call rejects once what was begun has ended.
 */
export async function forEachParallel<T>(
  items: Iterable<T>,
  limit: number,
  work: (item: T) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const iterator = items[Symbol.iterator]();
  let failed = false;
  const runner = async (): Promise<void> => {
    for (;;) {
      if (failed) return;
      signal?.throwIfAborted();
      const next = iterator.next();
      if (next.done === true) return;
      try {
        await work(next.value);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const results = await Promise.allSettled(Array.from({ length: limit }, runner));
  for (const result of results) if (result.status === "rejected") throw result.reason;
}
