/** Index of the stretch that holds the offset; stretches are adjacent and ascending. */
export function spanIndex(spans: readonly { readonly end: number }[], offset: number): number {
  let low = 0;
  for (let high = spans.length; low < high; ) {
    const middle = (low + high) >>> 1;
    if ((spans[middle]?.end ?? 0) <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
