import type { ObjectUri } from "../uri/object-uri.ts";
import { createGlobFilter, type GlobOptions } from "./glob-filter.ts";
import { pathBelow } from "./path-below.ts";
import type { ListOptions, ObjectInfo, Storage } from "./storage.ts";

export interface ListObjectsOptions extends ListOptions, GlobOptions {}

/**
 * Lists with include and exclude globs (see {@link createGlobFilter}), matched against the path below the prefix.
 * `maxResults` counts what matches. Errors are those of the storage's `list`, and `config_invalid` for a bad pattern,
 * before any request.
 */
export function listObjects(
  storage: Storage,
  prefix: ObjectUri,
  options: ListObjectsOptions = {},
): AsyncIterable<ObjectInfo> {
  const { include, exclude, maxResults, ...listOptions } = options;
  const wanted = createGlobFilter({ include, exclude });
  return filter(storage.list(prefix, listOptions), (info) => wanted(pathBelow(prefix.key, info.key)), maxResults);
}

async function* filter(
  objects: AsyncIterable<ObjectInfo>,
  wanted: (info: ObjectInfo) => boolean,
  maxResults = Number.POSITIVE_INFINITY,
): AsyncGenerator<ObjectInfo> {
  let yielded = 0;
  for await (const info of objects) {
    if (!wanted(info)) continue;
    yield info;
    yielded += 1;
    if (yielded >= maxResults) return;
  }
}
