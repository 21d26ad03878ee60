import { isObject, parseLooseJson } from "../configuration/loose-json.ts";
import { weightFormatOf } from "../weight-format.ts";

/** Shards of one model can be counted; a name that claims more is not one of them. */
const mostShards = 10_000;

/**
 * Paths of the shards that an index names, below the model's directory. Returns what is wrong with the index otherwise.
 * Format: `weight_map` from tensor to file name, as transformers and diffusers write it.
 */
export function shardsOfIndex(text: string, indexPath: string): ReadonlySet<string> | string {
  let weightMap: unknown;
  try {
    weightMap = parseLooseJson(text, indexPath)["weight_map"];
  } catch {
    return "is not a JSON object";
  }
  if (!isObject(weightMap)) return "names no shards: it has no weight_map";
  const folder = indexPath.slice(0, indexPath.lastIndexOf("/") + 1);
  const shards = new Set<string>();
  for (const name of Object.values(weightMap)) {
    if (typeof name !== "string" || name === "") return "names a shard that is no file name";
    if (/^\/|\\|\0|(?:^|\/)\.{1,2}(?:\/|$)/.test(name))
      return `names a shard outside of the model: ${JSON.stringify(name)}`;
    shards.add(`${folder}${name}`);
  }
  return shards;
}

/**
 * Shards that are missing between others, by their numbers: beside `model-00001-of-00002.safetensors` its second half.
 * Counted from 1, or from 0 where a shard 0 is there.
 */
export function missingNumberedShards(paths: readonly string[]): readonly string[] {
  const series = Map.groupBy(
    paths.flatMap((path) => numbered(path) ?? []),
    ({ before, count, after }) => `${before}\n${count}\n${after}`,
  );
  return [...series.values()].flatMap((shards) => {
    const [first] = shards;
    if (first === undefined || Number(first.count) > mostShards) return [];
    const present = new Set(shards.map(({ number }) => Number(number)));
    const start = present.has(0) ? 0 : 1;
    return Array.from({ length: Number(first.count) }, (_, index) => start + index)
      .filter((number) => !present.has(number))
      .map((number) => {
        const padded = String(number).padStart(first.number.length, "0");
        return `${first.before}-${padded}-of-${first.count}${first.after}`;
      });
  });
}

interface NumberedShard {
  readonly before: string;
  readonly number: string;
  readonly count: string;
  readonly after: string;
}

function numbered(path: string): NumberedShard | undefined {
  if (weightFormatOf(path) === undefined) return undefined;
  const match = /^(.*)-(\d{1,6})-of-(\d{1,6})(\.[^/]*)$/.exec(path);
  if (match === null) return undefined;
  const [, before = "", number = "", count = "", after = ""] = match;
  return { before, number, count, after };
}
