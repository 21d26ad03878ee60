import type { SelectableFile } from "./selection.ts";
import { indexedFormatOf, weightFormatOf } from "./weight-format.ts";

/** Files up to this many bytes count as small. */
const small = 1 << 20;

/** What a server reads first, by name. */
const configuration =
  /(?:^|\/)(?:[^/]*config[^/]*|model_index|tokenizer[^/]*|vocab|merges|special_tokens_map|added_tokens|chat_template|params)\.(?:json|txt|model|jinja|yaml)$/i;

const byName = new Intl.Collator("en", { numeric: true });

/**
 * The order in which a model's files are fetched, lower first: configuration and tokenizer, indexes, other small files,
 * then everything large in its natural order, so that shard 2 comes before shard 10. Files of equal priority may go in
 * any order.
 */
export function filePriorities(files: readonly SelectableFile[]): ReadonlyMap<string, number> {
  const large = files.filter((file) => group(file) === undefined).map(({ path }) => path);
  large.sort((a, b) => byName.compare(a, b) || (a < b ? -1 : 1));
  const order = new Map(large.map((path, index) => [path, 3 + index]));
  return new Map(files.map((file) => [file.path, group(file) ?? order.get(file.path) ?? 3]));
}

function group({ path, size }: SelectableFile): number | undefined {
  if (weightFormatOf(path) !== undefined) return undefined;
  if (indexedFormatOf(path) !== undefined) return 1;
  if (configuration.test(path)) return 0;
  return size <= small ? 2 : undefined;
}
