import type { KubernetesObject } from "../../kubernetes/kubernetes-object.ts";
import type { ModelIdentity, ModelKey } from "../model-identity.ts";
import { nodeShape } from "../ome/instance-types.ts";
import { type MatchSemantics, matchesNode } from "../ome/node-match.ts";
import type { FoundModel } from "../scout/found-model.ts";
import type { ManifestBatch, OrphanedModel } from "../scout/manifest-source.ts";
import type { ModelObject } from "./model-object.ts";

export interface ClusterViewOptions {
  readonly nodeName: string;
  readonly semantics: MatchSemantics;
  readonly instanceTypes: ReadonlyMap<string, string>;
  /** Milliseconds that a model stays here after the node's labels, and not its own spec, made it leave. */
  readonly graceMs: number;
}

export interface ClusterBatch extends ManifestBatch<FoundModel> {
  readonly orphans: readonly OrphanedModel<FoundModel>[];
  /** Milliseconds after which to look again even if nothing happens. */
  readonly lookAgainMs: number | undefined;
  readonly empty: boolean;
}

interface Shown {
  readonly model: ModelObject;
  readonly shape: string | undefined;
}

/**
 * What the cluster's objects mean for one node, over time. A model that is deleted, or whose spec no longer selects this node, is
 * gone at once; one that only the node's labels exclude stays for a while, because labels are taken away and put back when
 * the software that sets them is updated.
 */
export class ClusterView {
  readonly #options: ClusterViewOptions;
  readonly #models = new Map<ModelKey, ModelObject>();
  readonly #shown = new Map<ModelKey, Shown>();
  /** Models that have left because of the node's labels, and since when. */
  readonly #leaving = new Map<ModelKey, number>();
  /** Models that were deleted and that this node was not asked to hold. */
  #departed: ModelObject[] = [];
  /** Models that are not wished for at the start and may be here from before; true when this node has an entry of them. */
  readonly #inherited = new Map<ModelKey, boolean>();
  /** Models that this node had an entry of when the agent started, and that have not changed since. */
  readonly #entries = new Set<ModelKey>();
  #labels: Readonly<Record<string, string>> = {};
  #nodeText = "";
  #reported = "[]";
  #first = true;

  constructor(options: ClusterViewOptions) {
    this.#options = options;
  }

  put(model: ModelObject): void {
    const former = this.#models.get(model.key);
    this.#models.set(model.key, model);
    if (model.deleting && former?.deleting !== true) this.#noteDeparture(model);
  }

  remove(key: ModelKey): void {
    const model = this.#models.get(key);
    if (model === undefined) return;
    this.#models.delete(key);
    if (!model.deleting) this.#noteDeparture(model);
  }

  /** The labels of the node; true when they can mean something for models. What the agent writes itself does not count. */
  setNode(labels: Readonly<Record<string, string>>): boolean {
    const others = Object.entries(labels).filter(([key]) => !key.startsWith("models.ome.io/"));
    const text = JSON.stringify(others.sort(([left], [right]) => (left < right ? -1 : 1)));
    if (text === this.#nodeText) return false;
    this.#nodeText = text;
    this.#labels = labels;
    return true;
  }

  /** A model's object as it was seen last. */
  objectOf(key: ModelKey): KubernetesObject | undefined {
    return this.#models.get(key)?.object;
  }

  /** Another model of the cluster, wished for here or not, that names the same `storage.path`. */
  userOf(path: string, except: ModelKey): ModelKey | undefined {
    for (const model of this.#models.values()) {
      if (model.key !== except && !model.deleting && model.path === path) return model.key;
    }
    return undefined;
  }

  /** Models that are shown, or that leave later: their label and entry on this node stay until more is known of them. */
  expected(): readonly ModelIdentity[] {
    const keys = new Set(this.#inherited.keys());
    for (const [key, { model }] of this.#shown) {
      const { disabled, storage } = model.manifest?.spec ?? {};
      if (disabled !== true && storage?.storageUri.startsWith("pvc://") !== true) keys.add(key);
    }
    return [...keys].flatMap((key) => this.#models.get(key)?.identity ?? []);
  }

  /**
   * What changed since the last call. `hasEntry` counts at the first call: models that this node has an entry of from before.
   * `now` in monotonic milliseconds.
   */
  next(now: number, hasEntry: (identity: ModelIdentity) => boolean = () => false): ClusterBatch {
    const changed: FoundModel[] = [];
    const gone: ModelKey[] = [];
    const orphans: OrphanedModel<FoundModel>[] = [];
    const orphan = (model: ModelObject, onlyProven: boolean): void => {
      orphans.push({ found: this.#document({ model, shape: undefined }), onlyProven });
    };
    if (this.#first) {
      for (const { key, identity, deleting } of this.#models.values()) {
        const inherited = hasEntry(identity);
        if (inherited) this.#entries.add(key);
        if (inherited || !deleting) this.#inherited.set(key, inherited);
      }
    } else for (const model of this.#departed) orphan(model, true);
    this.#departed = [];
    this.#first = false;
    let lookAgainMs: number | undefined;
    const stays = (key: ModelKey): boolean => {
      const since = this.#leaving.get(key) ?? now;
      this.#leaving.set(key, since);
      const left = since + this.#options.graceMs - now;
      if (left > 0) lookAgainMs = Math.min(lookAgainMs ?? left, left);
      return left > 0;
    };

    for (const [key, shown] of this.#shown) {
      const model = this.#models.get(key);
      if (model !== undefined && this.#isWanted(model)) continue;
      if (model !== undefined && isUnchanged(shown.model, model) && stays(key)) continue;
      this.#shown.delete(key);
      this.#leaving.delete(key);
      // The last state says whether files are to be kept.
      if (model !== undefined && model.relevance !== shown.model.relevance) {
        changed.push(this.#document({ model, shape: shown.shape }));
      }
      if (shown.model.manifest?.spec.disabled === true) orphan(model ?? shown.model, true);
      gone.push(key);
    }
    for (const model of this.#models.values()) {
      if (!this.#isWanted(model)) continue;
      this.#inherited.delete(model.key);
      this.#leaving.delete(model.key);
      const former = this.#shown.get(model.key);
      const shape = this.#shapeFor(model);
      this.#shown.set(model.key, { model, shape });
      if (former !== undefined && former.shape === shape && former.model.relevance === model.relevance) continue;
      if (former !== undefined) this.#entries.delete(model.key);
      changed.push(this.#document({ model, shape }));
    }
    for (const [key, certain] of this.#inherited) {
      const model = this.#models.get(key);
      if (model !== undefined && !model.deleting && stays(key)) continue;
      this.#inherited.delete(key);
      this.#leaving.delete(key);
      if (model !== undefined) orphan(model, !certain);
    }
    const problems = this.#problems();
    return {
      changed,
      gone,
      orphans,
      undecided: [...this.#inherited.keys()],
      problems,
      complete: this.#models.size > 0,
      lookAgainMs,
      empty: changed.length + gone.length + orphans.length === 0 && problems === undefined,
    };
  }

  #isWanted(model: ModelObject): boolean {
    const { nodeName: name, semantics } = this.#options;
    return !model.deleting && matchesNode({ name, labels: this.#labels }, model.choice, semantics);
  }

  #noteDeparture(model: ModelObject): void {
    if (!this.#shown.has(model.key) && !this.#inherited.has(model.key)) this.#departed.push(model);
  }

  /** TensorRT-LLM engines are built for one accelerator and filed under its name. */
  #shapeFor({ manifest }: ModelObject): string | undefined {
    if (manifest?.spec.modelFormat?.name !== "tensorrtllm") return undefined;
    if ((manifest.spec.additionalMetadata?.["type"] ?? "Serving") !== "Serving") return undefined;
    return nodeShape(this.#labels, this.#options.instanceTypes);
  }

  #document({ model, shape }: Shown): FoundModel {
    const { key, origin, identity, manifest, refusal } = model;
    if (manifest !== undefined) return { key, origin, manifest, shape, inherited: this.#entries.has(key) };
    if (refusal === undefined) throw new TypeError("a model object has neither a manifest nor a refusal");
    return { key, origin, identity, refusal };
  }

  #problems(): ClusterBatch["problems"] {
    const problems = [...this.#shown.values()].flatMap(({ model }) => (model.manifest ? model.problems : []));
    const text = JSON.stringify(problems);
    if (text === this.#reported) return undefined;
    this.#reported = text;
    return problems;
  }
}

function isUnchanged(shown: ModelObject, model: ModelObject): boolean {
  return !model.deleting && shown.relevance === model.relevance;
}
