import { createHash } from "node:crypto";
import { bytesContent, type Content } from "../content/content.ts";
import { contentDigest } from "../content/content-digest.ts";
import { blobId, lfsPointer } from "./git-object.ts";

export interface FakeRepositoryOptions {
  /** `org/name`. */
  readonly name: string;
  readonly type?: "model" | "dataset" | undefined;
  readonly private?: boolean | undefined;
  readonly gated?: "auto" | "manual" | false | undefined;
  readonly disabled?: boolean | undefined;
  /** Which files go to LFS storage. Default: weights by their suffix, and everything from 10 MiB on. */
  readonly lfs?: ((path: string, size: number) => boolean) | undefined;
}

export interface RepositoryFile {
  readonly content: Content;
  /** Git's id of the content, or of the pointer. */
  readonly oid: string;
  readonly lfs: { readonly sha256: string; readonly pointerSize: number } | undefined;
}

/** What a commit changes: new contents by path; undefined removes. */
export type CommitChanges = Readonly<Record<string, Content | Uint8Array | string | undefined>>;

type Tree = ReadonlyMap<string, RepositoryFile>;

const weights = /\.(?:safetensors|bin|gguf|pt|pth|onnx|h5|model|parquet)$/;
const largest = 10 * 1024 * 1024;

/** A git repository as far as the Hub shows it: commits with whole trees, and names for them. */
export class FakeRepository {
  readonly options: FakeRepositoryOptions;
  readonly #commits = new Map<string, Tree>();
  readonly #references = new Map<string, string>();

  constructor(options: FakeRepositoryOptions) {
    this.options = options;
    this.commit({ ".gitattributes": "*.safetensors filter=lfs diff=lfs merge=lfs -text\n" }, "main");
  }

  /** Adds a commit on top of a branch, made when it is not there yet. Gives the commit's id. */
  commit(changes: CommitChanges, branch: string, onFile?: (file: RepositoryFile) => void): string {
    const parent = this.#references.get(branch) ?? this.#references.get("main") ?? "";
    const tree = new Map(this.#commits.get(parent));
    for (const [path, value] of Object.entries(changes)) {
      if (value === undefined) {
        tree.delete(path);
        continue;
      }
      const content = typeof value === "string" || value instanceof Uint8Array ? bytesContent(value) : value;
      const file = this.#file(path, content);
      tree.set(path, file);
      onFile?.(file);
    }
    const seed = `${this.options.name} ${branch} ${parent} ${this.#commits.size}`;
    const id = createHash("sha1").update(seed).digest("hex");
    this.#commits.set(id, tree);
    this.#references.set(branch, id);
    return id;
  }

  /** Points a tag, branch or reference at a commit. */
  refer(name: string, commit: string): void {
    this.#references.set(name, commit);
  }

  remove(name: string): void {
    this.#references.delete(name);
  }

  /** The commit that a revision names at this moment. */
  resolve(revision: string): string | undefined {
    return this.#commits.has(revision) ? revision : this.#references.get(revision === "HEAD" ? "main" : revision);
  }

  tree(commit: string): Tree {
    return this.#commits.get(commit) ?? new Map();
  }

  #file(path: string, content: Content): RepositoryFile {
    const stored = this.options.lfs?.(path, content.size) ?? (weights.test(path) || content.size >= largest);
    if (!stored) return { content, oid: blobId(content), lfs: undefined };
    const sha256 = contentDigest(content, "sha256");
    const pointer = bytesContent(lfsPointer(sha256, content.size));
    return { content, oid: blobId(pointer), lfs: { sha256, pointerSize: pointer.size } };
  }
}
