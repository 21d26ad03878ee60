import type { GithubUri } from "../../../uri/object-uri.ts";
import type { Digest } from "../../digest.ts";
import type { ObjectInfo } from "../../storage.ts";

/** One file of a release. */
export interface Asset {
  /** Names exactly these bytes: an asset that is replaced gets another one. */
  readonly id: number;
  readonly name: string;
  readonly size: number;
  readonly sha256: string | undefined;
  readonly contentType: string | undefined;
  readonly updatedAt: Date | undefined;
}

/** Reads one entry of a release's assets; undefined for one whose upload was never finished, `"malformed"` for nonsense. */
export function parseAsset(value: unknown): Asset | "malformed" | undefined {
  if (typeof value !== "object" || value === null) return "malformed";
  const { id, name, size, state, digest, content_type, updated_at } = value as Readonly<Record<string, unknown>>;
  if (typeof id !== "number" || typeof name !== "string" || name === "" || typeof size !== "number") return "malformed";
  if (!Number.isSafeInteger(size) || size < 0) return "malformed";
  if (state !== undefined && state !== "uploaded") return undefined;
  const time = typeof updated_at === "string" ? Date.parse(updated_at) : Number.NaN;
  return {
    id,
    name,
    size,
    sha256: /^sha256:([0-9a-f]{64})$/.exec(typeof digest === "string" ? digest : "")?.[1],
    contentType: typeof content_type === "string" ? content_type : undefined,
    updatedAt: Number.isNaN(time) ? undefined : new Date(time),
  };
}

/** An asset as an object. GitHub states a digest of those that were uploaded since June 2025. */
export function describeAsset(uri: GithubUri, asset: Asset): ObjectInfo {
  const { id, name, size, sha256, contentType, updatedAt } = asset;
  const digests: readonly Digest[] =
    sha256 === undefined ? [] : [{ kind: "full", algorithm: "sha256", value: sha256, confidence: "stated" }];
  return {
    uri: { ...uri, key: name },
    key: name,
    size,
    version: String(id),
    lastModified: updatedAt,
    contentType,
    digests,
    digestsFinal: true,
    directoryMarker: false,
  };
}
