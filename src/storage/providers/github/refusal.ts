import type { StorageError } from "../../../errors.ts";
import type { GithubUri } from "../../../uri/object-uri.ts";
import type { ApiRefusal } from "../../http/api-client.ts";
import type { HttpContext } from "../../http/http-client.ts";
import { statusError } from "../../http/status-error.ts";
import { isLimit } from "./rate-limit.ts";

/** What a refusal is explained with. */
export interface RefusalContext extends HttpContext {
  readonly uri: GithubUri;
  /** Where the token came from, in words. */
  readonly tokenSource: string;
  /** Epoch milliseconds. */
  readonly now: number;
}

const giveToken = "Give a token in the Secret (entry token), or as GITHUB_TOKEN.";

/** What to do about GitHub's limits, whoever meets them. */
export const limitHint =
  "Wait until the limit is reset; requests with a token have a limit of 5,000 per hour instead of 60.";

/** What GitHub's refusals mean. Its message is in the body; what it does not show to the asker it says does not exist. */
export function explainRefusal(refusal: ApiRefusal, context: RefusalContext): StorageError {
  const { status, headers, sentToken } = refusal;
  const { uri, tokenSource } = context;
  const general = statusError(refusal, context, context.now).with({
    requestId: headers["x-github-request-id"]?.slice(0, 100),
  });
  if (isLimit(refusal, messageOf(refusal.text))) {
    const hint = sentToken
      ? "Wait until the limit is reset, or start fewer nodes at once."
      : `${limitHint} ${giveToken}`;
    const detail = "GitHub takes no more requests for now";
    return general.with({ code: "rate_limited", retry: "temporary", detail, hint });
  }
  const repository = `${uri.owner}/${uri.repository}`;
  if (status === 401) {
    const hint =
      "It may have expired or been revoked: create a new one, or use auth anonymous for a public repository.";
    return general.with({ detail: `GitHub does not accept the token (${tokenSource})`, hint });
  }
  if (status === 403) {
    const sso = headers["x-github-sso"] !== undefined;
    const detail = sentToken
      ? `the token (${tokenSource}) may not read ${repository}`
      : `${repository} may not be read without a token`;
    const hint = sso
      ? "Authorize the token for the organization's single sign-on, in the settings of the token."
      : sentToken
        ? "Give the token read access to the contents of this repository."
        : giveToken;
    return general.with({ detail, hint });
  }
  if (status === 404) {
    const detail = sentToken
      ? `there is no such release of ${repository} that the token (${tokenSource}) may see`
      : `there is no such public release of ${repository}`;
    const hint = sentToken
      ? "Check owner, repository and tag, and that the token may read the repository's contents."
      : `Check owner, repository and tag; a private repository needs a token. ${giveToken}`;
    return general.with({ detail, hint });
  }
  return general;
}

function messageOf(text: string): string {
  return /"message"\s*:\s*"((?:[^"\\]|\\.){0,300})/.exec(text)?.[1] ?? "";
}
