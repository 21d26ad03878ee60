import type { ModelIdentity } from "../model-identity.ts";
import type { ModelEntry } from "../ome/model-entry.ts";
import { configMapKey, nodeLabelKey, parseConfigMapKey } from "../ome/model-keys.ts";
import { configMapLimit, fitEntries } from "./fit-entries.ts";

const labelPrefix = "models.ome.io/";

/**
 * What the node's labels and its ConfigMap should say. It is compared with what they do say, so a write that comes late can never
 * bring back what was taken away since. Keys of models that nobody knows go, once it is known who is expected.
 */
export class StatusBook {
  readonly #labels = new Map<string, string>();
  readonly #entries = new Map<string, ModelEntry>();
  /** Keys that stay as they are until a status is known; everything stays before the first list of models. */
  #expected: Set<string> | undefined;
  #withdrawn = new Set<string>();
  #shortened = "";
  readonly #onShortened: (keys: readonly string[]) => void;

  constructor(onShortened: (keys: readonly string[]) => void) {
    this.#onShortened = onShortened;
  }

  put(identity: ModelIdentity, entry: ModelEntry): void {
    this.#forget(identity);
    this.#labels.set(nodeLabelKey(identity), entry.status);
    this.#entries.set(configMapKey(identity), entry);
  }

  withdraw(identity: ModelIdentity): void {
    this.#forget(identity);
    this.#labels.delete(nodeLabelKey(identity));
    this.#entries.delete(configMapKey(identity));
    this.#withdrawn.add(nodeLabelKey(identity)).add(configMapKey(identity));
  }

  /** From now on every model that is neither expected nor told of is gone. */
  expect(identities: readonly ModelIdentity[]): void {
    const keys = identities.flatMap((identity) => [nodeLabelKey(identity), configMapKey(identity)]);
    this.#expected = new Set(keys.filter((key) => !this.#withdrawn.has(key)));
    this.#withdrawn = new Set();
  }

  /** Values that labels of the node should have; undefined for those that should not be there. */
  labels(present: Readonly<Record<string, string>>): Readonly<Record<string, string | undefined>> {
    const wanted: Record<string, string | undefined> = Object.fromEntries(this.#labels);
    for (const key of Object.keys(present)) if (isModelLabel(key) && this.#isGone(key)) wanted[key] = undefined;
    return wanted;
  }

  /** Texts that the map should have under its keys; undefined for keys that should not be there. Others are not ours. */
  data(present: ReadonlyMap<string, string>): ReadonlyMap<string, string | undefined> {
    const changes = new Map<string, string | undefined>();
    let foreign = 0;
    for (const [key, text] of present) {
      if (this.#entries.has(key)) continue;
      if (parseConfigMapKey(key) !== undefined && this.#isGone(key)) changes.set(key, undefined);
      else foreign += Buffer.byteLength(key) + Buffer.byteLength(text);
    }
    const { texts, shortened } = fitEntries(this.#entries, configMapLimit - foreign);
    if (shortened.join() !== this.#shortened) {
      this.#shortened = shortened.join();
      if (shortened.length > 0) this.#onShortened(shortened);
    }
    for (const [key, text] of texts) changes.set(key, text);
    return changes;
  }

  #isGone(key: string): boolean {
    if (this.#labels.has(key) || this.#entries.has(key)) return false;
    return this.#expected === undefined ? this.#withdrawn.has(key) : !this.#expected.has(key);
  }

  #forget(identity: ModelIdentity): void {
    for (const key of [nodeLabelKey(identity), configMapKey(identity)]) {
      this.#expected?.delete(key);
      this.#withdrawn.delete(key);
    }
  }
}

function isModelLabel(key: string): boolean {
  return key.startsWith(labelPrefix) && parseConfigMapKey(key.slice(labelPrefix.length)) !== undefined;
}
