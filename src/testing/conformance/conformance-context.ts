import { collect } from "../../storage/collect.ts";
import type { Capabilities, ListOptions, ObjectInfo, Storage, WritableStorage } from "../../storage/storage.ts";
import { isWritableStorage } from "../../storage/storage-kinds.ts";
import type { ObjectUri } from "../../uri/object-uri.ts";
import { withKey } from "../../uri/with-key.ts";
import { generatedContent } from "../content/index.ts";
import type { ConformanceSubject, EffectiveLimits } from "./conformance-types.ts";

/** What a conformance case works with: the subject, and short ways to fill and to ask it. */
export class ConformanceContext {
  readonly client: Storage;
  readonly prefix: ObjectUri;
  readonly capabilities: Capabilities;
  readonly limits: EffectiveLimits;
  readonly missingPlace: ObjectUri | undefined;
  readonly #subject: ConformanceSubject;

  constructor(subject: ConformanceSubject, limits: EffectiveLimits, missingPlace: ObjectUri | undefined) {
    this.#subject = subject;
    this.client = subject.client;
    this.prefix = subject.prefix;
    this.capabilities = subject.client.capabilities;
    this.limits = limits;
    this.missingPlace = missingPlace;
  }

  /** The client as a writer; fails the case when it is none. */
  get writer(): WritableStorage {
    if (isWritableStorage(this.client)) return this.client;
    throw new Error("the storage claims to write and has no put");
  }

  /** URI of a name below the test's own prefix. */
  uri(name: string): ObjectUri {
    return withKey(this.prefix, this.prefix.key + name);
  }

  async seed(name: string, bytes: Uint8Array): Promise<void> {
    const uri = this.uri(name);
    if (this.#subject.seed === undefined) await this.writer.put(uri, bytes);
    else await this.#subject.seed(uri, bytes);
  }

  /** Seeds many objects, 16 at a time. */
  async seedAll(names: readonly string[], bytesOf: (name: string) => Uint8Array): Promise<void> {
    const left = [...names];
    const worker = async (): Promise<void> => {
      for (let name = left.pop(); name !== undefined; name = left.pop()) await this.seed(name, bytesOf(name));
    };
    await Promise.all(Array.from({ length: 16 }, worker));
  }

  list(options: ListOptions = {}, name = ""): Promise<ObjectInfo[]> {
    return collect(this.client.list(this.uri(name), options));
  }

  /** Names below the test's prefix, in the listing's order. */
  async names(options: ListOptions = {}, name = ""): Promise<string[]> {
    return (await this.list(options, name)).map((info) => info.key.slice(this.prefix.key.length));
  }
}

/** Incompressible bytes that depend on nothing but the seed. */
export function seededBytes(size: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(size);
  if (size > 0) generatedContent({ seed, size }).read(0, bytes);
  return bytes;
}
