/**
 * The path of an object below the place that was listed: `a/b/c.json` listed at `a/b/` or `a/b` is `c.json`. For a prefix
 * that ends inside a name (`a/mod` for `a/model.bin`) the path starts at that name, and an object that is the prefix
 * itself is its last segment.
 */
export function pathBelow(prefixKey: string, key: string): string {
  if (prefixKey !== "" && key.startsWith(`${prefixKey}/`)) return key.slice(prefixKey.length + 1);
  return key.slice(prefixKey.lastIndexOf("/") + 1);
}
