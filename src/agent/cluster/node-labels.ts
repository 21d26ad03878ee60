import { isStorageError } from "../../errors.ts";
import type { ApiClient } from "../../kubernetes/api-client.ts";
import type { KubernetesObject } from "../../kubernetes/kubernetes-object.ts";
import { labelPatch } from "../../kubernetes/label-patch.ts";

type Labels = Readonly<Record<string, string>>;

export interface NodeLabelsOptions {
  readonly client: ApiClient;
  readonly nodeName: string;
}

/** The labels of one node, as last seen and as they are to be. */
export class NodeLabels {
  readonly #client: ApiClient;
  readonly #path: string;
  /** Undefined while there is no such node. */
  #labels: Labels | undefined;
  /** Whether the node had the field at all: a patch cannot add to what is not there. */
  #field = false;

  constructor({ client, nodeName }: NodeLabelsOptions) {
    this.#client = client;
    this.#path = `/api/v1/nodes/${nodeName}`;
  }

  get exists(): boolean {
    return this.#labels !== undefined;
  }

  get present(): Labels {
    return this.#labels ?? {};
  }

  /** The node as a watch or an answer shows it. */
  see(node: KubernetesObject | undefined): void {
    this.#labels = node === undefined ? undefined : (node.metadata.labels ?? {});
    this.#field = node?.metadata.labels !== undefined;
  }

  /** Gives labels these values and takes away those that are undefined; true when something was to be done. A node that is gone needs none. */
  async write(wanted: Readonly<Record<string, string | undefined>>, signal: AbortSignal): Promise<boolean> {
    if (this.#operations(wanted).length === 0) return false;
    try {
      await this.#patch(wanted, signal);
    } catch (error) {
      if (!isStorageError(error) || error.httpStatus !== 422) throw error;
      // The label to be removed is gone already: what we know of the node is old.
      await this.#read(signal);
      await this.#patch(wanted, signal);
    }
    return true;
  }

  #operations(wanted: Readonly<Record<string, string | undefined>>): ReturnType<typeof labelPatch> {
    return this.exists ? labelPatch(this.#field ? this.#labels : undefined, wanted) : [];
  }

  async #patch(wanted: Readonly<Record<string, string | undefined>>, signal: AbortSignal): Promise<void> {
    const body = this.#operations(wanted);
    if (body.length === 0) return;
    await this.#seeAnswer({ method: "PATCH", path: this.#path, patch: "json", body, metadataOnly: true, signal });
  }

  async #read(signal: AbortSignal): Promise<void> {
    await this.#seeAnswer({ method: "GET", path: this.#path, metadataOnly: true, signal });
  }

  async #seeAnswer(call: Parameters<ApiClient["send"]>[0]): Promise<void> {
    try {
      this.see(await this.#client.send<KubernetesObject>(call));
    } catch (error) {
      if (!isStorageError(error) || error.httpStatus !== 404) throw error;
      this.see(undefined);
    }
  }
}
