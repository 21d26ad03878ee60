import { createHash } from "node:crypto";
import { isStorageError } from "../../errors.ts";
import type { ApiClient } from "../../kubernetes/api-client.ts";
import type { KubernetesObject } from "../../kubernetes/kubernetes-object.ts";

export interface NodeMapOptions {
  readonly client: ApiClient;
  readonly namespace: string;
  readonly nodeName: string;
}

/** When the agent wrote last; written along with the rest, because each write of the map makes a controller look at all of it. */
const heartbeatAnnotation = "models.ome.io/last-written";

/**
 * The node's ConfigMap, in which OME's controller and console read how models stand. Each key has one writer, so changes are merge
 * patches of single keys: they carry no old state along, cost what they change, and meet no conflicts.
 */
export class NodeMap {
  readonly #client: ApiClient;
  readonly #collection: string;
  readonly #path: string;
  readonly #name: string;
  readonly #labels: Readonly<Record<string, string>>;
  readonly #annotations: Readonly<Record<string, string>>;
  /** Undefined while there is no such map. */
  #data: Map<string, string> | undefined;
  #version: string | undefined;
  #marked = false;

  constructor({ client, namespace, nodeName }: NodeMapOptions) {
    this.#client = client;
    this.#name = nodeName;
    this.#collection = `/api/v1/namespaces/${namespace}/configmaps`;
    this.#path = `${this.#collection}/${nodeName}`;
    this.#labels = { "models.ome/basemodel-status": "true", node: labelValue(nodeName) };
    this.#annotations = { "models.ome.io/node-name": nodeName, "models.ome.io/managed-by": "model-agent" };
  }

  get exists(): boolean {
    return this.#data !== undefined;
  }

  get present(): ReadonlyMap<string, string> {
    return this.#data ?? new Map();
  }

  /** Reads the whole map. */
  async load(signal: AbortSignal): Promise<void> {
    try {
      this.#see(await this.#client.send<KubernetesObject>({ method: "GET", path: this.#path, signal }));
    } catch (error) {
      if (!isStorageError(error) || error.httpStatus !== 404) throw error;
      this.#data = undefined;
    }
  }

  /** Reads the whole map if somebody else changed or removed it since it was read or written here. */
  async refresh(signal: AbortSignal): Promise<void> {
    try {
      const call = { method: "GET", path: this.#path, metadataOnly: true, signal } as const;
      const { metadata } = await this.#client.send<KubernetesObject>(call);
      if (this.#data === undefined || metadata.resourceVersion !== this.#version) await this.load(signal);
    } catch (error) {
      if (!isStorageError(error) || error.httpStatus !== 404) throw error;
      this.#data = undefined;
    }
  }

  /**
   * Gives keys these texts and takes away those that are undefined; makes the map when it is not there. Returns what was done.
   * @param now - Epoch milliseconds.
   */
  async write(
    wanted: ReadonlyMap<string, string | undefined>,
    now: number,
    signal: AbortSignal,
  ): Promise<"none" | "create" | "update"> {
    const data = this.#data;
    const annotations = { ...this.#annotations, [heartbeatAnnotation]: new Date(now).toISOString() };
    if (data === undefined) {
      if ([...wanted.values()].every((text) => text === undefined)) return "none";
      await this.#create(wanted, annotations, signal);
      return "create";
    }
    const changes = [...wanted].filter(([key, text]) => data.get(key) !== text);
    if (changes.length === 0 && this.#marked) return "none";
    const body = {
      metadata: { annotations, ...(this.#marked ? {} : { labels: this.#labels }) },
      data: Object.fromEntries(changes.map(([key, text]) => [key, text ?? null])),
    };
    try {
      const call = { method: "PATCH", path: this.#path, patch: "merge", body, metadataOnly: true, signal } as const;
      const { metadata } = await this.#client.send<KubernetesObject>(call);
      this.#version = metadata.resourceVersion;
      this.#marked = true;
      for (const [key, text] of changes) {
        if (text === undefined) data.delete(key);
        else data.set(key, text);
      }
      return "update";
    } catch (error) {
      if (!isStorageError(error) || error.httpStatus !== 404) throw error;
      this.#data = undefined;
      await this.#create(wanted, annotations, signal);
      return "create";
    }
  }

  async #create(
    wanted: ReadonlyMap<string, string | undefined>,
    annotations: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<void> {
    const data = new Map([...wanted].flatMap(([key, text]) => (text === undefined ? [] : [[key, text] as const])));
    const body = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: this.#name, labels: this.#labels, annotations },
      data: Object.fromEntries(data),
    };
    try {
      const call = { method: "POST", path: this.#collection, body, metadataOnly: true, signal } as const;
      const { metadata } = await this.#client.send<KubernetesObject>(call);
      this.#data = data;
      this.#version = metadata.resourceVersion;
      this.#marked = true;
    } catch (error) {
      // Somebody else made it in between: the next write adds to it.
      if (isStorageError(error) && error.httpStatus === 409) await this.load(signal);
      throw error;
    }
  }

  #see(map: KubernetesObject): void {
    const data = (map["data"] ?? {}) as Readonly<Record<string, string>>;
    this.#data = new Map(Object.entries(data));
    this.#version = map.metadata.resourceVersion;
    this.#marked = has(map.metadata.labels, this.#labels) && has(map.metadata.annotations, this.#annotations);
  }
}

function has(present: Readonly<Record<string, string>> | undefined, wanted: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).every(([key, value]) => present?.[key] === value);
}

/** Values of labels have 63 bytes; the annotation has the whole name. */
function labelValue(name: string): string {
  if (name.length <= 63) return name;
  return `${createHash("sha256").update(name).digest("hex").slice(0, 8)}-${name.slice(-54)}`.replace(/-[.-]+/, "-");
}
