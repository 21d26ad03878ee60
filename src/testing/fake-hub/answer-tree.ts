import { jsonAnswer, type WebAnswer } from "../loopback/web-answer.ts";
import type { FakeHubQuirks } from "./fake-hub-options.ts";
import { entryNotFound } from "./hub-refusal.ts";
import type { FakeRepository, RepositoryFile } from "./repository.ts";

export interface TreeQuestion {
  readonly repository: FakeRepository;
  readonly commit: string;
  readonly directory: string;
  readonly query: URLSearchParams;
  /** Address of this request, for the next page's. */
  readonly url: URL;
  readonly pageSize: number;
  readonly quirks: FakeHubQuirks;
}

/** One page of a directory: its sub-directories first, then its files, as the Hub sorts them. */
export function answerTree(question: TreeQuestion): WebAnswer {
  const { query, url, quirks } = question;
  const entries = entriesOf(question);
  const limit = Math.min(question.pageSize, Number(query.get("limit") ?? question.pageSize));
  const start = Number(Buffer.from(query.get("cursor") ?? "", "base64url").toString() || 0);
  const end = start + limit;
  if (end >= entries.length) return jsonAnswer(entries.slice(start));
  const next = new URL(url);
  next.searchParams.set("cursor", Buffer.from(String(end)).toString("base64url"));
  const base = quirks.foreignLinks === true ? "https://huggingface.co" : url.origin;
  return jsonAnswer(entries.slice(start, end), { link: `<${base}${next.pathname}${next.search}>; rel="next"` });
}

/** Entries by path, for `paths-info`. */
export function answerPaths(
  repository: FakeRepository,
  commit: string,
  paths: readonly string[],
  quirks: FakeHubQuirks,
): WebAnswer {
  const tree = repository.tree(commit);
  return jsonAnswer(
    paths.flatMap((path) => {
      const file = tree.get(path);
      return file === undefined ? [] : [entryOf(path, file, quirks)];
    }),
  );
}

function entriesOf({ repository, commit, directory, query, quirks }: TreeQuestion): unknown[] {
  const prefix = directory === "" ? "" : `${directory}/`;
  const recursive = query.get("recursive") === "true" || query.get("recursive") === "1";
  const directories = new Set<string>();
  const files: unknown[] = [];
  for (const [path, file] of repository.tree(commit)) {
    if (!path.startsWith(prefix)) continue;
    const below = path.slice(prefix.length).split("/");
    for (let depth = 1; depth < (recursive ? below.length : Math.min(2, below.length)); depth++) {
      directories.add(prefix + below.slice(0, depth).join("/"));
    }
    if (recursive || below.length === 1) files.push(entryOf(path, file, quirks));
  }
  if (directory !== "" && files.length === 0 && directories.size === 0) throw entryNotFound();
  const folders = [...directories].map((path) => ({ type: "directory", oid: "0".repeat(40), size: 0, path }));
  return [...folders, ...files];
}

function entryOf(path: string, { content, oid, lfs }: RepositoryFile, quirks: FakeHubQuirks): unknown {
  const entry = { type: "file", oid, size: content.size, path };
  if (lfs === undefined || quirks.unmarkedLfs === true) return entry;
  const pointer = { oid: lfs.sha256, size: content.size, pointerSize: lfs.pointerSize };
  return { ...entry, lfs: pointer, ...(quirks.xet === true ? { xetHash: lfs.sha256 } : {}) };
}
