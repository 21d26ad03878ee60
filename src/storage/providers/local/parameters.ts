import { z } from "zod";

/**
 * How the files of a local source come to their destination. `copy` (the default of a delivery); `hard-link`, a second name for the same
 * file; `reflink`, a file of its own that shares the blocks; `in-place`, which OME's agent does: they are used where they are.
 */
export const localModes = ["copy", "hard-link", "reflink", "in-place"] as const;

export const localParameters = z.strictObject({
  /**
   * Symbolic links that lead out of the opened directory: `inside` (the default) refuses them, `follow` reads what they
   * point to, as the snapshots of a Hugging Face cache need.
   */
  symlinks: z.enum(["inside", "follow"]).default("inside"),
  /** Used by delivery and agent, not by storage. */
  mode: z.enum(localModes, { error: `must be one of ${localModes.join(", ")}` }).optional(),
});
