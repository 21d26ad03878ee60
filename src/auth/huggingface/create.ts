import type { AuthRequest } from "../auth-request.ts";
import { createTokenCredentials } from "../token-credentials.ts";
import { chooseHuggingFaceSettings } from "./choose-settings.ts";
import type { HuggingFaceCredentials } from "./credentials.ts";
import { identifyHuggingFace } from "./identify.ts";

/**
 * Credentials for the Hugging Face Hub and its mirrors. Nothing is asked yet.
 *
 * @throws StorageError `config_invalid` for settings that contradict themselves.
 */
export function createHuggingFaceCredentials(request: AuthRequest<"huggingface">): HuggingFaceCredentials {
  return createTokenCredentials(request, chooseHuggingFaceSettings(request), (token, source, signal) =>
    identifyHuggingFace(request, token, source, signal),
  );
}
