import type { Logger } from "../../telemetry/logger.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { Gopher } from "../gopher/gopher.ts";
import type { ModelWish } from "../model-wish.ts";
import type { AgentStatus } from "../status/agent-status.ts";
import type { ModelStatus } from "../status/model-status.ts";
import type { StatusBoard } from "../status/status-board.ts";
import type { DestinationRules } from "./destination.ts";
import type { FoundModel } from "./found-model.ts";
import type { ManifestProblem } from "./manifest-problem.ts";
import type { ManifestBatch, OrphanedModel } from "./manifest-source.ts";
import { identityOf, refusedWish, resolveWish, type Verdict } from "./resolve-wish.ts";

export interface ScoutOptions {
  readonly rules: DestinationRules;
  readonly gopher: Pick<Gopher, "apply" | "release" | "removeOrphan">;
  readonly board: Pick<StatusBoard, "setProblems" | "setSkipped">;
  readonly metrics: Pick<Metrics, "set">;
  /** See `ManifestSource.lastGoodStays`. Default true. */
  readonly lastGoodStays?: boolean | undefined;
  /** What an earlier run of the agent left on this root. */
  readonly saved: AgentStatus | undefined;
  readonly logger: Logger;
}

/** Decides which manifests concern this machine and hands their wishes to the gopher. */
export interface Scout {
  take(batch: ManifestBatch<FoundModel>): void;
}

export function createScout(options: ScoutOptions): Scout {
  const { gopher, board, metrics, logger } = options;
  /** Wishes that could be fulfilled when they were said last: a manifest that turned bad does not take them back. */
  const good = new Map<string, ModelWish>();
  const refusals = new Map<string, ManifestProblem>();
  let problems: readonly ManifestProblem[] = [];
  let first = true;

  const judge = (found: FoundModel): ModelWish | undefined => {
    const verdict = verdictOn(found, options.rules);
    refusals.delete(found.key);
    board.setSkipped(
      found.key,
      verdict.type === "skip" ? { ...verdict, key: found.key, origin: found.origin } : undefined,
    );
    if (verdict.type === "skip") {
      good.delete(found.key);
      return undefined;
    }
    const { wish } = verdict;
    if (wish.mode !== "refused") {
      good.set(found.key, wish);
      return wish;
    }
    refusals.set(found.key, { ...place(found.origin), severity: "error", message: wish.refusal?.message ?? "" });
    const before = options.lastGoodStays === false ? undefined : good.get(found.key);
    return before === undefined ? wish : { ...before, origin: found.origin };
  };

  const removeFormer = (model: ModelStatus): void => {
    const { key, identity, keepFiles, storageUri, origin } = model;
    gopher.removeOrphan({ key, identity, path: placeOf(model), keepFiles, displayUri: storageUri, origin });
  };

  const takeOver = (batch: ManifestBatch<FoundModel>, wishes: readonly ModelWish[]): void => {
    const paths = new Map(wishes.flatMap(({ key, mode, path }) => (mode === "deliver" ? [[key, path]] : [])));
    for (const moved of options.saved?.models ?? []) {
      const path = paths.get(moved.key);
      if (moved.managed && path !== undefined && path !== placeOf(moved)) removeFormer(moved);
    }
    const known = new Set([...batch.changed.map(({ key }) => key), ...(batch.undecided ?? [])]);
    const left = (options.saved?.models ?? []).filter(({ key, managed }) => managed && !known.has(key));
    if (left.length === 0) return;
    if (!batch.complete) {
      const models = left.map(({ key }) => key);
      logger.warn(
        { models },
        "models of an earlier run are not wished for; their files are kept, because the manifests are empty or have errors",
      );
      return;
    }
    for (const model of left) removeFormer(model);
  };

  const removeOrphan = ({ found, onlyProven }: OrphanedModel<FoundModel>): void => {
    const { key, origin } = found;
    const verdict = verdictOn(enabled(found), options.rules);
    const wish = verdict.type === "wish" && verdict.wish.mode === "deliver" ? verdict.wish : undefined;
    const identity = "manifest" in found ? identityOf(found.manifest) : found.identity;
    const { path = "", keepFiles = false, displayUri = "" } = wish ?? {};
    gopher.removeOrphan({ key, identity, origin, path, keepFiles, displayUri, onlyProven });
  };

  /** Who held a directory before the restart comes first, so that a conflict is decided as it was. */
  const inFormerOrder = (wishes: readonly ModelWish[]): readonly ModelWish[] => {
    const holders = new Set(options.saved?.models.filter(({ managed }) => managed).map(({ key }) => key));
    return [...wishes].sort((left, right) => Number(holders.has(right.key)) - Number(holders.has(left.key)));
  };

  return {
    take: (batch) => {
      const wishes: ModelWish[] = [];
      const released: string[] = [];
      for (const found of batch.changed) {
        const wish = judge(found);
        if (wish === undefined) released.push(found.key);
        else wishes.push(wish);
      }
      for (const key of batch.gone) {
        good.delete(key);
        refusals.delete(key);
        board.setSkipped(key, undefined);
      }
      gopher.apply(first ? inFormerOrder(wishes) : wishes, batch.gone);
      gopher.release(released);
      for (const orphan of batch.orphans ?? []) removeOrphan(orphan);
      if (first) takeOver(batch, wishes);
      first = false;
      for (const problem of batch.problems ?? []) logger.warn({ ...problem }, "problem in a manifest");
      problems = batch.problems ?? problems;
      const all = [...problems, ...refusals.values()];
      board.setProblems(all);
      metrics.set("manifestProblems", {}, all.length);
    },
  };
}

/** Where the files of a model were when its status was told. */
function placeOf({ path, formerPath }: ModelStatus): string {
  return formerPath ?? path;
}

function verdictOn(found: FoundModel, rules: DestinationRules): Verdict {
  if ("manifest" in found) return resolveWish(found.manifest, found.origin, rules, found);
  return { type: "wish", wish: refusedWish(found) };
}

/** The same without `disabled`, which says that nothing is brought, not that nothing was. */
function enabled(found: FoundModel): FoundModel {
  if (!("manifest" in found)) return found;
  const { manifest } = found;
  return { ...found, manifest: { ...manifest, spec: { ...manifest.spec, disabled: false } } };
}

function place(origin: string): Pick<ManifestProblem, "file" | "line"> {
  const match = /^(.*):(\d+)$/.exec(origin);
  return match === null ? { file: origin } : { file: match[1] ?? origin, line: Number(match[2]) };
}
