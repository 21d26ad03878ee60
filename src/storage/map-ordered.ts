/**
 * Maps items with up to `concurrency` calls under way and yields the results in the items' order. When one fails, or the
 * reader stops, no further call starts.
 */
export async function* mapOrdered<Item, Result>(
  items: AsyncIterable<Item>,
  concurrency: number,
  map: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const window: Promise<Result>[] = [];
  try {
    for await (const item of items) {
      const result = map(item);
      // A later result may fail while an earlier one is awaited; it is thrown when its turn comes.
      result.catch(() => {});
      window.push(result);
      const first = window.length >= concurrency ? window.shift() : undefined;
      if (first !== undefined) yield await first;
    }
    for (let first = window.shift(); first !== undefined; first = window.shift()) yield await first;
  } finally {
    await Promise.allSettled(window);
  }
}
