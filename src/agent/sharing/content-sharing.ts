import { createHash } from "node:crypto";
import { lstat, mkdir, readlink, realpath, rename, rmdir, symlink, unlink } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { isSameRequest } from "../../delivery/assess-destination.ts";
import { findSameContent } from "../../delivery/find-same-content.ts";
import type { SelectionRules } from "../../models/selection-rules.ts";
import type { SecretValues } from "../../storage/provider-definition.ts";
import { checkFiles } from "../../store/check-files.ts";
import { syncDirectories } from "../../store/destination-tree.ts";
import { diskError } from "../../store/disk-error.ts";
import { isMissing, nodeFileSystem, systemErrorCode } from "../../store/file-system.ts";
import { type Proof, readProof, writeProof } from "../../store/proof.ts";
import { removeModel } from "../../store/remove-model.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { CheckOutcome, ReadyReport } from "../gopher/model-worker.ts";
import { findLinks } from "./find-links.ts";
import { type ContentLink, LinkStore } from "./link-store.ts";

/** A place that a model wants to have files at. */
export interface SharingPlace {
  readonly path: string;
  readonly root: string;
  readonly reuse: boolean;
  /** Redacted URI and selection of what is wanted. */
  readonly request: { readonly uri: string; readonly rules: SelectionRules };
}

export interface SharingSource {
  readonly storageUri: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly secret: SecretValues | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface ContentSharingOptions {
  /** Absolute; holds the records. */
  readonly modelsRoot: string;
  readonly logger: Logger;
}

/**
 * Lets models of equal content share one directory: the second is a relative symbolic link to the first, as OME's agent makes
 * them, so that either agent can work with what the other left. Whatever concerns a link happens one after the other.
 */
export class ContentSharing {
  readonly #store: LinkStore;
  readonly #logger: Logger;
  /** Directories that are proven and nobody is changing. */
  readonly #proven = new Map<string, ReadyReport>();
  readonly #listeners = new Set<(path: string) => void>();
  #last: Promise<unknown> = Promise.resolve();

  constructor({ modelsRoot, logger }: ContentSharingOptions) {
    this.#store = new LinkStore(modelsRoot);
    this.#logger = logger;
  }

  async load(): Promise<void> {
    await this.#store.load();
  }

  /** Told of every directory whose sharers, or whose own sharing, changed. */
  onChange(listener: (path: string) => void): void {
    this.#listeners.add(listener);
  }

  /** Directory whose files the model at this path shares; undefined when it has its own. */
  targetOf(path: string): string | undefined {
    return this.#store.get(path)?.target;
  }

  /** Directories that share the files of this one, sorted. */
  sharersOf(path: string): readonly string[] {
    return this.#store
      .sharersOf(path)
      .map((link) => link.path)
      .sort();
  }

  /** Redacted URI that the files at a path are proven to have come from. */
  async originOf(path: string): Promise<string | undefined> {
    return this.#store.get(path)?.request.uri ?? (await readProof(path))?.request.uri;
  }

  /** How a place stands that is a symbolic link; undefined when it is none. */
  async check(place: SharingPlace, signal: AbortSignal): Promise<CheckOutcome | undefined> {
    const leadsTo = await targetOfLink(place.path);
    if (leadsTo === undefined) return undefined;
    const link = this.#store.get(place.path);
    if (link === undefined) return { state: "needed", placed: false, foreign: true };
    const needed = { state: "needed", placed: true } as const;
    if (!place.reuse || leadsTo !== link.target || !isLinkFor(link, place)) return needed;
    const proof = await readProof(link.target);
    if (proof === undefined || contentOf(proof) !== link.content) return needed;
    if (!(await isIntact(link.target, proof, signal))) {
      return { ...needed, damage: `the files that it shares with ${link.target} were changed` };
    }
    return { state: "ready", report: reportOf(proof) };
  }

  /** This directory is proven, and may be shared from now on. */
  async offer(path: string, report: ReadyReport): Promise<void> {
    this.#proven.set(path, report);
    if (this.#store.isKept(path)) await this.#inTurn(() => this.#store.forget(path));
  }

  /** This directory is about to change or to go: nobody may begin to share it. */
  async retract(path: string): Promise<void> {
    await this.#inTurn(async () => {
      this.#proven.delete(path);
    });
  }

  /**
   * Fulfils a wish by the files of another model, when one of them holds exactly the same content. Undefined when none does, or when
   * the place holds files that are to be kept.
   */
  async share(place: SharingPlace, source: SharingSource, signal: AbortSignal): Promise<ReadyReport | undefined> {
    if (!place.reuse) return undefined;
    const candidates = [...this.#proven].flatMap(([path, totals]) =>
      path === place.path || !path.startsWith(`${place.root}/`) ? [] : [{ path, totals, proof: () => readProof(path) }],
    );
    if (candidates.length === 0) return undefined;
    const selection = place.request.rules;
    const found = await findSameContent(
      { source, destination: place.path, selection, signal, logger: this.#logger },
      candidates,
    );
    if (found === undefined) return undefined;
    return this.#inTurn(async () => {
      const proof = this.#proven.has(found.path) ? await readProof(found.path) : undefined;
      if (proof === undefined || !(await isIntact(found.path, proof, signal))) return undefined;
      const { uri, rules } = place.request;
      const { include, exclude, weights } = rules;
      const request = { uri, include: [...include], exclude: [...exclude], weights };
      const link = { path: place.path, target: found.path, request, content: contentOf(proof) };
      if (!(await this.#link(link, place.root))) return undefined;
      this.#logger.info({ path: link.path, target: link.target }, "the same content is here already and is shared");
      return reportOf(proof);
    });
  }

  /**
   * Makes a place ready to be written: a link there goes, and models that share its present content get the directory before other
   * content takes its place.
   */
  async prepare(place: SharingPlace): Promise<void> {
    const { path, root } = place;
    await this.#inTurn(async () => {
      this.#proven.delete(path);
      await this.#unlink(path, root);
      if (this.#store.isKept(path)) await this.#store.forget(path);
      const sharers = this.#store.sharersOf(path);
      const proof = sharers.length === 0 ? undefined : await readProof(path);
      if (proof !== undefined && !isSameRequest(proof, place.request)) await this.#handOver(path, proof, sharers);
    });
  }

  /**
   * Takes a place away as far as sharing is concerned. True when that was all: a link was removed, or the files stay because
   * others share them; they go with the last of these. `isWanted` tells of directories that a wish concerns.
   */
  async remove(path: string, root: string, isWanted: (path: string) => boolean, signal: AbortSignal): Promise<boolean> {
    return this.#inTurn(async () => {
      this.#proven.delete(path);
      const target = await this.#unlink(path, root);
      if (target !== undefined) {
        const last = this.#store.isKept(target) && this.#store.sharersOf(target).length === 0;
        if (last && !isWanted(target) && (await findLinks(root, target, signal)).length === 0) {
          await removeModel({ directory: target, root, wait: true, signal });
          await this.#store.forget(target);
        }
        return true;
      }
      const sharers = new Set([...this.sharersOf(path), ...(await findLinks(root, path, signal))]);
      if (sharers.size === 0) return false;
      await this.#store.keep(path);
      this.#logger.info({ path, sharers: [...sharers] }, "files are kept for the models that share them");
      return true;
    });
  }

  /** False when the place holds files. */
  async #link(link: ContentLink, root: string): Promise<boolean> {
    const { path, target } = link;
    try {
      if ((await targetOfLink(path)) === target) {
        await this.#store.put(link);
      } else {
        await this.#unlink(path, root);
        if (!(await isFree(path))) return false;
        await mkdir(dirname(path), { recursive: true });
        await requirePlain(path, root);
        await this.#store.put(link);
        await symlink(relative(dirname(path), target), path);
        await syncDirectories(nodeFileSystem, [dirname(path)]);
      }
    } catch (error) {
      throw diskError(error, "link", path);
    }
    this.#tell(path, target);
    return true;
  }

  /** Removes the link at a path, if it is one of ours or leads to somewhere below the root; returns where it led. */
  async #unlink(path: string, root: string): Promise<string | undefined> {
    const target = await targetOfLink(path);
    const link = this.#store.get(path);
    if (target === undefined) {
      if (link !== undefined) await this.#store.forget(path);
      return undefined;
    }
    if (link === undefined && !target.startsWith(`${root}/`)) return undefined;
    await requirePlain(path, root);
    await unlink(path).catch((error: unknown) => {
      throw diskError(error, "remove", path);
    });
    await this.#store.forget(path);
    this.#tell(path, target);
    return target;
  }

  /** Moves a directory to the first model that shares it; processes that have its files open keep them. */
  async #handOver(path: string, proof: Proof, sharers: readonly ContentLink[]): Promise<void> {
    const [heir, ...others] = sharers;
    if (heir === undefined) return;
    try {
      await unlink(heir.path).catch((error: unknown) => {
        if (!isMissing(error)) throw error;
      });
      await rename(path, heir.path);
      await writeProof(heir.path, { ...proof, request: heir.request });
      await this.#store.forget(heir.path);
      for (const other of others) {
        await unlink(other.path).catch((error: unknown) => {
          if (!isMissing(error)) throw error;
        });
        await this.#store.put({ ...other, target: heir.path });
        await symlink(relative(dirname(other.path), heir.path), other.path);
      }
      await syncDirectories(nodeFileSystem, new Set([path, ...sharers.map((link) => link.path)].map(dirname)));
    } catch (error) {
      throw diskError(error, "hand over", path);
    }
    this.#proven.set(heir.path, reportOf(proof));
    this.#logger.info({ path, heir: heir.path }, "other content comes; who shared the former has the directory now");
    this.#tell(path, ...sharers.map((link) => link.path));
  }

  #tell(...paths: readonly string[]): void {
    for (const path of paths) for (const listener of this.#listeners) listener(path);
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => {});
    return turn;
  }
}

function isLinkFor({ request }: ContentLink, { request: { uri, rules } }: SharingPlace): boolean {
  return (
    request.uri === uri &&
    request.weights === rules.weights &&
    JSON.stringify([request.include, request.exclude]) === JSON.stringify([rules.include, rules.exclude])
  );
}

/** Equal for equal files under equal names. */
function contentOf({ files }: Proof): string {
  const lines = files.map(({ path, size, checksum, units }) => [path, size, units.algorithm, checksum]);
  return createHash("sha256").update(JSON.stringify(lines)).digest("hex");
}

function reportOf({ totals }: Proof): ReadyReport {
  return { files: totals.files, bytes: totals.bytes, filesVerifiedBySource: totals.verifiedBySource };
}

async function isIntact(directory: string, proof: Proof, signal: AbortSignal): Promise<boolean> {
  const states = await checkFiles(directory, proof.files, { signal });
  return proof.files.every(({ path }) => states.get(path) === "intact");
}

/** Where a symbolic link leads; undefined for everything else. */
async function targetOfLink(path: string): Promise<string | undefined> {
  try {
    return resolve(dirname(path), await readlink(path));
  } catch (error) {
    if (isMissing(error) || systemErrorCode(error) === "EINVAL") return undefined;
    throw diskError(error, "look at", path);
  }
}

/** Whether nothing is at a path; an empty directory there is removed. */
async function isFree(path: string): Promise<boolean> {
  try {
    if (!(await lstat(path)).isDirectory()) return false;
    await rmdir(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return true;
    if (systemErrorCode(error) === "ENOTEMPTY" || systemErrorCode(error) === "EEXIST") return false;
    throw error;
  }
}

/** Links on the way could lead out of the root, and a relative link would lead elsewhere from behind them. */
async function requirePlain(path: string, root: string): Promise<void> {
  const expected = join(await realpath(root), relative(root, dirname(path)));
  if ((await realpath(dirname(path))) === expected) return;
  throw Object.assign(new Error(`there is a symbolic link between ${root} and ${path}`), { code: "ELOOP" });
}
