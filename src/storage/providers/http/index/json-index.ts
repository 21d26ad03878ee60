import { z } from "zod";
import { StorageError } from "../../../../errors.ts";
import type { Digest, DigestAlgorithm } from "../../../digest.ts";
import { strongestFirst } from "../header-digests.ts";
import { checkEntryName } from "./entry-name.ts";
import type { IndexEntry, ListedFile } from "./index-entry.ts";

/** What a JSON document about a directory is: a server's listing of one level, or an explicit list of all files. */
export type JsonIndex =
  | { readonly kind: "level"; readonly entries: readonly IndexEntry[] }
  | { readonly kind: "files"; readonly files: readonly ListedFile[] };

const size = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);

/** nginx (`autoindex_format json`) and Caddy (`Accept: application/json`). */
const level = z.array(
  z.object({ name: z.string(), type: z.string().optional(), is_dir: z.boolean().optional(), size: size.optional() }),
);

const hex = (bytes: number) =>
  z
    .string()
    .regex(new RegExp(`^[0-9a-fA-F]{${bytes * 2}}$`), `must be ${bytes * 2} hexadecimal digits`)
    .optional();

/** The file list format of docs/providers/http.md. */
const fileList = z.object({
  files: z.array(
    z.object({
      path: z.string(),
      size,
      digests: z
        .strictObject({
          sha256: hex(32),
          sha1: hex(20),
          "git-sha1": hex(20),
          md5: hex(16),
          crc64nvme: hex(8),
          crc32c: hex(4),
          crc32: hex(4),
        })
        .optional(),
    }),
  ),
});

/**
 * Reads a JSON index. `target` is its redacted address.
 *
 * @throws StorageError `config_invalid` when it is neither form, naming the place; `unsafe_path` for a path that leaves
 * the directory.
 */
export function readJsonIndex(content: string, target: string): JsonIndex {
  let document: unknown;
  try {
    document = JSON.parse(content);
  } catch (cause) {
    throw malformed(target, "it is not valid JSON", cause);
  }
  if (Array.isArray(document)) {
    const result = level.safeParse(document);
    if (!result.success) throw malformed(target, explain(result.error));
    return { kind: "level", entries: result.data.flatMap((entry) => levelEntry(entry, target)) };
  }
  const result = fileList.safeParse(document);
  if (!result.success) throw malformed(target, explain(result.error));
  const files = result.data.files.map((file) => ({
    path: checkPath(file.path, target),
    size: file.size,
    digests: strongestFirst(digestsOf(file.digests ?? {})),
  }));
  const seen = new Set<string>();
  const twice = files.find(({ path }) => seen.size === seen.add(path).size);
  if (twice !== undefined) throw malformed(target, `it lists ${JSON.stringify(twice.path)} twice`);
  return { kind: "files", files };
}

function levelEntry(entry: z.output<typeof level>[number], target: string): IndexEntry[] {
  if (entry.type !== undefined && entry.type !== "file" && entry.type !== "directory") return [];
  const directory = entry.is_dir === true || entry.type === "directory";
  const name = checkEntryName(directory ? entry.name.replace(/\/$/, "") : entry.name, target);
  return [{ name, directory, size: directory ? undefined : entry.size }];
}

function checkPath(path: string, target: string): string {
  for (const segment of path.split("/")) checkEntryName(segment, target);
  return path;
}

function digestsOf(values: Readonly<Partial<Record<DigestAlgorithm, string | undefined>>>): Digest[] {
  return Object.entries(values).flatMap(([name, value]) => {
    const algorithm = name as DigestAlgorithm;
    return value === undefined ? [] : [{ kind: "full", algorithm, value: value.toLowerCase(), confidence: "stated" }];
  });
}

function explain(error: z.ZodError): string {
  const [issue] = error.issues;
  const place = issue === undefined || issue.path.length === 0 ? "" : ` at ${issue.path.join(".")}`;
  return `it is no file list${place}: ${issue?.message ?? "unknown form"}`;
}

function malformed(target: string, detail: string, cause?: unknown): StorageError {
  const hint = 'The form is {"files": [{"path": "config.json", "size": 651, "digests": {"sha256": "…"}}]}.';
  return new StorageError({ code: "config_invalid", operation: "list", provider: "http", target, detail, hint, cause });
}
