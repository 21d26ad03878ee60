import { safetensorsHeaderLength } from "../completeness/safetensors-header.ts";
import type { ModelDirectory, ModelFile } from "../model-directory.ts";
import { isObject, type JsonObject, objectAt, parseLooseJson } from "./loose-json.ts";

/** Headers above this are not read: no real model comes near it. */
const maxHeaderBytes = 10 * 1024 * 1024;
/** An index names every tensor once; the largest known ones are a few MiB. */
const maxIndexBytes = 64 * 1024 * 1024;

/**
 * Parameters of the safetensors files in one folder (`""` for the root), counted from their headers; packed quantised weights
 * count as they are stored. With an index only the shards that it names count. Undefined when there is nothing to count
 * or a file cannot be read as safetensors: an estimate is better than half a count.
 *
 * Format: https://huggingface.co/docs/safetensors/index#format
 */
export async function countParameters(
  directory: ModelDirectory,
  files: readonly ModelFile[],
  folder: string,
): Promise<number | undefined> {
  const prefix = folder === "" ? "" : `${folder}/`;
  const bySize = new Map(files.map((file) => [file.path, file.size]));
  try {
    const shards = await shardPaths(directory, bySize, prefix);
    if (shards.length === 0) return undefined;
    let total = 0;
    for (const path of shards) {
      const size = bySize.get(path);
      if (size === undefined) return undefined;
      total += countTensors(await readHeader(directory, path, size));
    }
    return total > 0 ? total : undefined;
  } catch {
    return undefined;
  }
}

async function shardPaths(
  directory: ModelDirectory,
  bySize: ReadonlyMap<string, number>,
  prefix: string,
): Promise<readonly string[]> {
  const indexPath = `${prefix}model.safetensors.index.json`;
  const indexSize = bySize.get(indexPath);
  if (indexSize !== undefined) {
    if (indexSize > maxIndexBytes) throw new RangeError("index too large");
    const index = parseLooseJson(
      Buffer.from(await directory.read(indexPath, 0, indexSize)).toString("utf8"),
      indexPath,
    );
    const names = new Set(Object.values(objectAt(index, "weight_map")).filter((name) => typeof name === "string"));
    return [...names].map((name) => prefix + name);
  }
  return [...bySize.keys()].filter(
    (path) => path.startsWith(prefix) && path.endsWith(".safetensors") && !path.slice(prefix.length).includes("/"),
  );
}

async function readHeader(directory: ModelDirectory, path: string, size: number): Promise<JsonObject> {
  const header = safetensorsHeaderLength(await directory.read(path, 0, 8), size);
  if ("defect" in header) throw new RangeError(header.defect);
  if (header.length > maxHeaderBytes) throw new RangeError("header too large");
  return parseLooseJson(Buffer.from(await directory.read(path, 8, header.length)).toString("utf8"), path);
}

function countTensors(header: JsonObject): number {
  let total = 0;
  for (const [name, tensor] of Object.entries(header)) {
    if (name === "__metadata__" || !isObject(tensor)) continue;
    const shape = tensor["shape"];
    if (!Array.isArray(shape) || shape.length === 0) continue;
    let product = 1;
    for (const dimension of shape) {
      if (!Number.isInteger(dimension) || dimension <= 0) throw new RangeError("dimension");
      product *= dimension;
    }
    total += product;
  }
  return total;
}
