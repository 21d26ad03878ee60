import type { AuthRequest, Identity } from "../auth-request.ts";
import { identifyToken } from "../identify-token.ts";
import { hubAddress } from "./hub-address.ts";

/** Asks the Hub whose token it is (`/api/whoami-v2`). */
export function identifyHuggingFace(
  request: AuthRequest<"huggingface">,
  token: string,
  source: string,
  signal: AbortSignal,
): Promise<Identity> {
  const url = `${hubAddress(request).endpoint}/api/whoami-v2`;
  return identifyToken(request, { url, headers: {}, field: "name", token, source }, signal);
}
