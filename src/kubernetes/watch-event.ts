import { z } from "zod";
import type { ApiStatus } from "./api-error.ts";
import type { KubernetesObject } from "./kubernetes-object.ts";

/** One event of a watch. Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes */
export type WatchEvent =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: KubernetesObject }
  | { readonly type: "BOOKMARK"; readonly resourceVersion: string }
  | { readonly type: "ERROR"; readonly status: ApiStatus };

const change = z.object({
  type: z.enum(["ADDED", "MODIFIED", "DELETED"]),
  object: z.looseObject({ metadata: z.looseObject({ name: z.string(), resourceVersion: z.string() }) }),
});
const bookmark = z.object({
  type: z.literal("BOOKMARK"),
  object: z.looseObject({ metadata: z.looseObject({ resourceVersion: z.string() }) }),
});
const failure = z.object({
  type: z.literal("ERROR"),
  object: z.looseObject({ code: z.number().optional(), reason: z.string().optional(), message: z.string().optional() }),
});

/** Reads one line of a watch; undefined for something that is no event. */
export function parseWatchEvent(line: unknown): WatchEvent | undefined {
  const changed = change.safeParse(line).data;
  if (changed !== undefined) return { type: changed.type, object: changed.object as unknown as KubernetesObject };
  const marked = bookmark.safeParse(line).data;
  if (marked !== undefined) return { type: "BOOKMARK", resourceVersion: marked.object.metadata.resourceVersion };
  const failed = failure.safeParse(line).data;
  if (failed !== undefined) return { type: "ERROR", status: failed.object as ApiStatus };
  return undefined;
}
