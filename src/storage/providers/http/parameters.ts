import { z } from "zod";
import { text } from "../../parameter-types.ts";

/** Settings of `http://` and `https://`. */
export const httpParameters = z.strictObject({
  /** Default: `bearer` when there is a token, `basic` when there is a user name, else `anonymous`. */
  auth: z
    .string()
    .transform((name) => name.toLowerCase().replace(/[_-]/g, ""))
    .pipe(z.enum(["anonymous", "basic", "bearer"], { error: "must be anonymous, basic or bearer" }))
    .optional(),
  username: text().optional(),
  password: z.string().optional(),
  token: text().optional(),
  /**
   * Where the directory's file list lies, as a URL relative to the directory. Default: the directory's own page, and
   * `index.json` in it when it has none.
   */
  index: text().optional(),
});
