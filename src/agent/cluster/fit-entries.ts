import { formatModelEntry, type ModelEntry } from "../ome/model-entry.ts";

/** Bytes that the data of a ConfigMap may have. Source: https://kubernetes.io/docs/concepts/configuration/configmap/#motivation */
export const configMapLimit = 1024 * 1024;

export interface FittedEntries {
  readonly texts: ReadonlyMap<string, string>;
  /** Keys whose entries had to leave out something. */
  readonly shortened: readonly string[];
}

/** What may be left out, most dispensable first; `artifact` is what deleting depends on. */
const shorter: readonly ((entry: ModelEntry) => ModelEntry)[] = [
  (entry) => {
    const { decodedModelConfiguration: _, ...config } = entry.config ?? {};
    return entry.config === undefined ? entry : { ...entry, config };
  },
  (entry) => (entry.config === undefined ? entry : { ...entry, config: { artifact: entry.config.artifact } }),
];

/** The entries as text, together with their keys at most `budget` bytes where leaving out makes it possible: largest first. */
export function fitEntries(entries: ReadonlyMap<string, ModelEntry>, budget: number): FittedEntries {
  const texts = new Map([...entries].map(([key, entry]) => [key, formatModelEntry(entry)]));
  const shortened = new Set<string>();
  let bytes = [...texts].reduce((sum, [key, text]) => sum + Buffer.byteLength(key) + Buffer.byteLength(text), 0);
  const kept = new Map(entries);
  for (const shorten of shorter) {
    if (bytes <= budget) break;
    const savings = [...kept].map(([key, entry]) => {
      const less = shorten(entry);
      const text = formatModelEntry(less);
      return { key, less, text, saved: Buffer.byteLength(texts.get(key) ?? "") - Buffer.byteLength(text) };
    });
    for (const { key, less, text, saved } of savings.sort((a, b) => b.saved - a.saved)) {
      if (bytes <= budget || saved <= 0) break;
      texts.set(key, text);
      kept.set(key, less);
      shortened.add(key);
      bytes -= saved;
    }
  }
  return { texts, shortened: [...shortened].sort() };
}
