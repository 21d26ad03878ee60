import { createHash } from "node:crypto";
import { bytesContent, type Content } from "../content/content.ts";
import { compareKeys } from "../fake-s3/bucket.ts";
import { AzureFailure } from "./azure-failure.ts";

export interface StoredBlob {
  readonly content: Content;
  /** With quotes, as the header has it. */
  readonly etag: string;
  readonly lastModified: number;
  readonly contentType: string;
  readonly contentEncoding: string | undefined;
  /** Base64; undefined for blobs that came in blocks without one. */
  readonly contentMd5: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  readonly archived: boolean;
  readonly copyStatus: "success" | undefined;
}

/** One container: its blobs, and blocks that nobody has committed yet. */
export class Container {
  readonly blobs = new Map<string, StoredBlob>();
  readonly blocks = new Map<string, Map<string, Buffer>>();
  #sorted: readonly string[] | undefined;

  put(name: string, blob: Omit<StoredBlob, "etag">): StoredBlob {
    const stored = { ...blob, etag: `"0x8D${crypto.randomUUID().replaceAll("-", "").slice(0, 13).toUpperCase()}"` };
    if (!this.blobs.has(name)) this.#sorted = undefined;
    this.blobs.set(name, stored);
    this.blocks.delete(name);
    return stored;
  }

  delete(name: string): boolean {
    this.#sorted = undefined;
    return this.blobs.delete(name);
  }

  /** Names in listing order. */
  names(): readonly string[] {
    this.#sorted ??= [...this.blobs.keys()].sort(compareKeys);
    return this.#sorted;
  }

  /** Throws `BlobNotFound`. */
  blob(name: string): StoredBlob {
    const blob = this.blobs.get(name);
    if (blob === undefined) throw new AzureFailure(404, "BlobNotFound", "The specified blob does not exist.");
    return blob;
  }
}

export function md5Of(content: Content): Buffer {
  const bytes = Buffer.alloc(content.size);
  content.read(0, bytes);
  return createHash("md5").update(bytes).digest();
}

export function plainBlob(content: Content | Uint8Array | string, now: number): Omit<StoredBlob, "etag"> {
  const held = typeof content === "string" || content instanceof Uint8Array ? bytesContent(content) : content;
  return {
    content: held,
    lastModified: now,
    contentType: "application/octet-stream",
    contentEncoding: undefined,
    contentMd5: md5Of(held).toString("base64"),
    metadata: {},
    archived: false,
    copyStatus: undefined,
  };
}
