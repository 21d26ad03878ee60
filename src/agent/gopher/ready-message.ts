import type { ModelWish } from "../model-wish.ts";
import type { ReadyReport } from "./model-worker.ts";

/** What being Ready means for this model, in one sentence. */
export function readyMessage(wish: ModelWish, report: ReadyReport): string {
  if (wish.mode === "external") return "Nothing has to be on disk.";
  if (wish.mode === "present") return "The files are in place; they are not managed here.";
  const unproven = report.files - report.filesVerifiedBySource;
  const proof = unproven === 0 ? "all verified by the source's digests" : `${unproven} not verified by source`;
  return `${report.files} files in place, ${proof}.`;
}
