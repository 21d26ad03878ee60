import type { TokenCredentials } from "../token-credentials.ts";

/** A GitHub login: a personal access token, the token of a workflow or of an app's installation, or none. */
export type GithubCredentials = TokenCredentials<"github">;
