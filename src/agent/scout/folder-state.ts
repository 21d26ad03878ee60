import type { ManifestProblem } from "./manifest-problem.ts";

/** One document of a manifest file, with its identity. */
export interface Document {
  readonly key: string;
  readonly origin: string;
}

export interface ParsedFile<Item extends Document> {
  readonly documents: readonly Item[];
  readonly problems: readonly ManifestProblem[];
}

/** One look at the folder: every manifest file with a stamp that changes whenever its content may have. */
export type FolderListing = ReadonlyMap<string, string>;

export interface FolderChange<Item extends Document> {
  readonly changed: readonly Item[];
  readonly gone: readonly string[];
  readonly problems: readonly ManifestProblem[];
  /** Whether the problems differ from those reported before. */
  readonly problemsChanged: boolean;
  /** Milliseconds after which to look again because a file is still in motion; undefined when all is at rest. */
  readonly lookAgainMs: number | undefined;
}

interface FileState<Item extends Document> {
  stamp: string;
  documents: readonly Item[];
  problems: readonly ManifestProblem[];
  /** A stamp that differs, and since when: read when it has stayed the same for a while. */
  pending: { readonly stamp: string; readonly since: number } | undefined;
  missingSince: number | undefined;
}

/** A file is read when it has not changed for this long: editors write in several steps. */
const settleMs = 150;
/** A file is gone when it has been missing for this long: editors rename the old one away before they write the new one. */
const missingMs = 350;

/**
 * What a folder of manifests says, over time. A file that turned bad keeps the last good form of its documents; a document
 * that two files hold counts once, in the first file by name.
 */
export interface FolderState<Item extends Document> {
  /** Takes in a listing; `read` is called for the files whose content has to be looked at. */
  update(
    listing: FolderListing,
    now: number,
    read: (file: string) => Promise<ParsedFile<Item>>,
  ): Promise<FolderChange<Item>>;
  /** Files that hold errors now: what they wished for before a restart is not known. */
  badFiles(): readonly string[];
}

export function createFolderState<Item extends Document>(): FolderState<Item> {
  const files = new Map<string, FileState<Item>>();
  let emitted = new Map<string, string>();
  let reported = "[]";
  let first = true;

  const take = async (
    file: string,
    stamp: string,
    read: (file: string) => Promise<ParsedFile<Item>>,
  ): Promise<void> => {
    const before = files.get(file)?.documents ?? [];
    const parsed = await read(file);
    files.set(file, { stamp, ...merge(file, before, parsed), pending: undefined, missingSince: undefined });
  };

  return {
    update: async (listing, now, read) => {
      let lookAgainMs: number | undefined;
      const again = (ms: number): void => {
        lookAgainMs = Math.min(lookAgainMs ?? ms, ms);
      };
      for (const [file, stamp] of listing) {
        const state = files.get(file);
        if (state !== undefined) state.missingSince = undefined;
        if (state?.stamp === stamp) {
          state.pending = undefined;
          continue;
        }
        const pending = state?.pending?.stamp === stamp ? state.pending : { stamp, since: now };
        if (first || now - pending.since >= settleMs) {
          await take(file, stamp, read);
          continue;
        }
        again(settleMs - (now - pending.since));
        if (state !== undefined) state.pending = pending;
        else files.set(file, { stamp: "", documents: [], problems: [], pending, missingSince: undefined });
      }
      for (const [file, state] of files) {
        if (listing.has(file)) continue;
        state.missingSince ??= now;
        if (now - state.missingSince >= missingMs) files.delete(file);
        else again(missingMs - (now - state.missingSince));
      }
      first = false;
      const { documents, problems } = collect(files);
      const next = new Map(documents.map((document) => [document.key, JSON.stringify(document)]));
      const changed = documents.filter((document) => emitted.get(document.key) !== next.get(document.key));
      const gone = [...emitted.keys()].filter((key) => !next.has(key));
      emitted = next;
      const nowReported = JSON.stringify(problems);
      const problemsChanged = nowReported !== reported;
      reported = nowReported;
      return { changed, gone, problems, problemsChanged, lookAgainMs };
    },
    badFiles: () => [...files].filter(([, state]) => state.problems.some(isError)).map(([file]) => file),
  };
}

function merge<Item extends Document>(
  file: string,
  before: readonly Item[],
  parsed: ParsedFile<Item>,
): ParsedFile<Item> {
  const failed = parsed.problems.some(isError);
  if (parsed.documents.length === 0 && !failed && before.length > 0) {
    const message = "The file holds no model any more, so its models are kept. Delete the file to delete them.";
    return { documents: before, problems: [...parsed.problems, { file, severity: "error", message }] };
  }
  if (!failed) return parsed;
  const known = new Set(parsed.documents.map((document) => document.key));
  return {
    documents: [...parsed.documents, ...before.filter((document) => !known.has(document.key))],
    problems: parsed.problems,
  };
}

function isError(problem: ManifestProblem): boolean {
  return problem.severity === "error";
}

function collect<Item extends Document>(files: ReadonlyMap<string, FileState<Item>>): ParsedFile<Item> {
  const byKey = new Map<string, { readonly document: Item; readonly present: boolean }>();
  const problems: ManifestProblem[] = [];
  for (const [file, state] of [...files].sort(([left], [right]) => (left < right ? -1 : 1))) {
    const present = state.missingSince === undefined;
    problems.push(...state.problems);
    for (const document of state.documents) {
      const earlier = byKey.get(document.key);
      if (earlier === undefined) byKey.set(document.key, { document, present });
      else if (present && earlier.present) problems.push(duplicate(file, document, earlier.document));
    }
  }
  return { documents: [...byKey.values()].map(({ document }) => document), problems };
}

function duplicate(file: string, document: Document, earlier: Document): ManifestProblem {
  const line = Number(/:(\d+)$/.exec(document.origin)?.[1] ?? Number.NaN);
  const message = `${document.key} is also in ${earlier.origin}, which counts. Remove one of the two.`;
  return { file, ...(Number.isNaN(line) ? {} : { line }), severity: "error", message };
}
