import { z } from "zod";

/** `memory://` has nothing to set. */
export const memoryParameters = z.strictObject({});
