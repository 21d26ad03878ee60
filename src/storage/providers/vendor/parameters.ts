import { z } from "zod";

/** `vendor://` has nothing to set. */
export const vendorParameters = z.strictObject({});
