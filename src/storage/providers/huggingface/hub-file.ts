import type { Digest } from "../../digest.ts";

/** One file of a repository at a commit, as the tree listing tells it. */
export interface HubFile {
  readonly path: string;
  readonly size: number;
  /** Git's id: of the content for small files, of the pointer for those in LFS or Xet storage. */
  readonly oid: string | undefined;
  /** Of the content, for files in LFS or Xet storage. */
  readonly sha256: string | undefined;
}

const sha256Pattern = /^(?:sha256:)?([0-9a-f]{64})$/;
const oidPattern = /^[0-9a-f]{40}$/;

/** Reads one entry of a tree listing; undefined for directories and what is no file, `"malformed"` for nonsense. */
export function parseTreeEntry(value: unknown): HubFile | "malformed" | undefined {
  if (!isRecord(value)) return "malformed";
  const { type, path, size, oid, lfs } = value;
  if (type !== "file") return typeof type === "string" ? undefined : "malformed";
  const large = isRecord(lfs) ? lfs : undefined;
  const bytes = large?.["size"] ?? size;
  if (typeof path !== "string" || path === "" || typeof bytes !== "number") return "malformed";
  if (!Number.isSafeInteger(bytes) || bytes < 0) return "malformed";
  const sha256 = sha256Pattern.exec(String(large?.["oid"] ?? large?.["sha256"] ?? ""))?.[1];
  const stored = large !== undefined || typeof value["xetHash"] === "string";
  const id = typeof oid === "string" && oidPattern.test(oid) && !stored ? oid : undefined;
  return { path, size: bytes, oid: id, sha256 };
}

/**
 * The file's digest. A mirror may list what it has in LFS storage without saying so, and then the id is its pointer's: there it is
 * only `inferred`.
 */
export function digestsOf({ oid, sha256 }: HubFile, confidence: Digest["confidence"]): readonly Digest[] {
  if (sha256 !== undefined) return [{ kind: "full", algorithm: "sha256", value: sha256, confidence: "stated" }];
  return oid === undefined ? [] : [{ kind: "full", algorithm: "git-sha1", value: oid, confidence }];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
