import { describeUri } from "../uri/describe-uri.ts";
import type { ObjectUri } from "../uri/object-uri.ts";
import { throwIfAborted } from "./cancellation.ts";
import { compareKeys } from "./key-order.ts";
import type { ListOptions, ObjectInfo } from "./storage.ts";

/**
 * `startAfter`, `delimiter` and `maxResults` for providers whose source knows them not. Expects objects in key order (a
 * group is reported once as long as its members follow each other) and stops reading its source as soon as it can.
 */
export async function* applyListOptions(
  objects: AsyncIterable<ObjectInfo>,
  prefix: ObjectUri,
  options: ListOptions,
): AsyncGenerator<ObjectInfo> {
  const { startAfter, delimiter, maxResults = Number.POSITIVE_INFINITY } = options;
  const target = describeUri(prefix);
  let yielded = 0;
  let group: string | undefined;
  for await (const info of objects) {
    throwIfAborted(options.signal, "list", target);
    if (startAfter !== undefined && compareKeys(info.key, startAfter) <= 0) continue;
    const end = delimiter === undefined ? -1 : info.key.indexOf(delimiter, prefix.key.length);
    if (delimiter !== undefined && end >= 0) {
      const found = info.key.slice(0, end + delimiter.length);
      if (found !== group) options.onPrefix?.({ prefix: found });
      group = found;
      continue;
    }
    yield info;
    yielded += 1;
    if (yielded >= maxResults) return;
  }
}
