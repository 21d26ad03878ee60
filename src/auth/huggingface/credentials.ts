import type { TokenCredentials } from "../token-credentials.ts";

/** A Hugging Face login: a user access token (`hf_…`), or none. */
export type HuggingFaceCredentials = TokenCredentials<"huggingface">;
