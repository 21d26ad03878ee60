import { compareKeys } from "../bucket.ts";

export interface KeyPage {
  readonly keys: readonly string[];
  readonly prefixes: readonly string[];
  readonly truncated: boolean;
  /** Key or group after which the next page begins. */
  readonly last: string | undefined;
}

/**
 * One page of a listing: keys below `prefix` behind `after`, those that continue past the next `delimiter` folded into
 * groups; a group counts as one entry and is left out when `after` is that group.
 */
export function pageOfKeys(
  sorted: readonly string[],
  request: {
    readonly prefix: string;
    readonly delimiter: string;
    readonly after: string;
    readonly maxKeys: number;
  },
): KeyPage {
  const { prefix, delimiter, after, maxKeys } = request;
  const keys: string[] = [];
  const prefixes: string[] = [];
  let last: string | undefined;
  if (maxKeys === 0) return { keys, prefixes, truncated: false, last };
  for (let index = firstIndex(sorted, prefix, after); index < sorted.length; index++) {
    const key = sorted[index] ?? "";
    if (!key.startsWith(prefix)) break;
    const group = groupOf(key, prefix, delimiter);
    if (group !== undefined && (group === last || group === after)) continue;
    if (keys.length + prefixes.length === maxKeys) return { keys, prefixes, truncated: true, last };
    (group === undefined ? keys : prefixes).push(group ?? key);
    last = group ?? key;
  }
  return { keys, prefixes, truncated: false, last };
}

function groupOf(key: string, prefix: string, delimiter: string): string | undefined {
  if (delimiter === "") return undefined;
  const end = key.indexOf(delimiter, prefix.length);
  return end < 0 ? undefined : key.slice(0, end + delimiter.length);
}

/** Index of the first key that is not before `prefix` and is behind `after`. */
function firstIndex(sorted: readonly string[], prefix: string, after: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const key = sorted[middle] ?? "";
    if (compareKeys(key, prefix) < 0 || (after !== "" && compareKeys(key, after) <= 0)) low = middle + 1;
    else high = middle;
  }
  return low;
}
