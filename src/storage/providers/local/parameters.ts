import { z } from "zod";

export const localParameters = z.strictObject({
  /**
   * Symbolic links that lead out of the opened directory: `inside` (the default) refuses them, `follow` reads what they
   * point to, as the snapshots of a Hugging Face cache need.
   */
  symlinks: z.enum(["inside", "follow"]).default("inside"),
});
