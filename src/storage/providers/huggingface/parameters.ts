import { z } from "zod";
import { huggingfaceAuthParameters } from "../../../auth/huggingface/parameters.ts";
import { endpointUrl } from "../../parameter-types.ts";

/** Parameters of `hf://`; the login's are those of src/auth. */
export const huggingfaceParameters = z.strictObject({
  ...huggingfaceAuthParameters,
  /** Address of a mirror; `HF_ENDPOINT` or Hugging Face's own when absent. */
  endpoint: endpointUrl().optional(),
});

/** The parameters after validation. */
export type HuggingFaceParameters = z.output<typeof huggingfaceParameters>;
