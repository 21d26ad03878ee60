import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import type { HealthCheck } from "./health.ts";

/**
 * The models root exists, is a directory and, while something has to be written there, can be written. A read-only root on
 * which every model is in place is healthy.
 */
export function modelsRootCheck(root: string, needsWriting: () => boolean): HealthCheck {
  return {
    name: "model-agent-health",
    run: async () => {
      const stats = await stat(root);
      if (!stats.isDirectory()) return `${root} is not a directory`;
      if (needsWriting()) await access(root, constants.W_OK);
      return undefined;
    },
  };
}
