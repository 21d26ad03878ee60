import { z } from "zod";

/** `pvc://` has nothing to set. */
export const pvcParameters = z.strictObject({});
