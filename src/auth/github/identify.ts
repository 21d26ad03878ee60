import type { AuthRequest, Identity } from "../auth-request.ts";
import { identifyToken } from "../identify-token.ts";
import { apiAddress } from "./api-address.ts";

/** Asks GitHub whose token it is (`/user`); installations and workflows have none to tell. */
export function identifyGithub(
  request: AuthRequest<"github">,
  token: string,
  source: string,
  signal: AbortSignal,
): Promise<Identity> {
  const url = `${apiAddress(request).endpoint}/user`;
  const headers = { accept: "application/vnd.github+json" };
  return identifyToken(request, { url, headers, field: "login", token, source }, signal);
}
