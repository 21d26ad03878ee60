import type { ErrorCode, StorageError } from "../../../errors.ts";
import type { HuggingFaceUri } from "../../../uri/object-uri.ts";
import type { ApiRefusal } from "../../http/api-client.ts";
import type { HttpContext } from "../../http/http-client.ts";
import { statusError } from "../../http/status-error.ts";
import { repositoryPage } from "./hub-urls.ts";

/** What a refusal is explained with. */
export interface RefusalContext extends HttpContext {
  readonly uri: HuggingFaceUri;
  readonly endpoint: string;
  /** Where the token came from, in words. */
  readonly tokenSource: string;
  /** Epoch milliseconds. */
  readonly now: number;
}

type Meaning = readonly [code: ErrorCode, detail: string, hint: string];

const giveToken = "Give a token in the Secret (entry token), or as HF_TOKEN.";

/**
 * What the Hub's refusals mean, by its `X-Error-Code` and `X-Error-Message` (as `hf_raise_for_status` of huggingface_hub
 * reads them). Without a token the Hub answers 401 for what does not exist, too.
 */
export function explainRefusal(refusal: ApiRefusal, context: RefusalContext): StorageError {
  const { status, headers } = refusal;
  const serviceCode = headers["x-error-code"]?.slice(0, 80);
  const meaning = meaningOf(refusal, context);
  const general = statusError(refusal, context, context.now);
  if (meaning === undefined) return general.with({ serviceCode });
  const [code, detail, hint] = meaning;
  return general.with({
    code,
    retry: code === "rate_limited" ? "temporary" : "permanent",
    httpStatus: status,
    serviceCode,
    detail,
    hint,
  });
}

function meaningOf(refusal: ApiRefusal, context: RefusalContext): Meaning | undefined {
  const { status, headers, sentToken } = refusal;
  const { uri, tokenSource } = context;
  const message = headers["x-error-message"] ?? "";
  if (message === "Access to this resource is disabled.") {
    return ["permission_denied", "the Hub has disabled this repository", "Choose another source."];
  }
  switch (headers["x-error-code"]) {
    case "GatedRepo":
      return gated(sentToken, context);
    case "RevisionNotFound":
      return [
        "not_found",
        `${uri.repository} has no revision ${JSON.stringify(uri.revision)}`,
        "Check the branch, tag or commit behind @.",
      ];
    case "EntryNotFound":
      return ["not_found", "the repository has no such file at this revision", "Check the path with `model-agent ls`."];
    case "RepoNotFound":
      return missing(sentToken, context);
  }
  if (status === 401) return sentToken ? badToken(context) : missing(sentToken, context);
  if (status === 403) {
    const detail = sentToken ? `the token (${tokenSource}) may not read it` : "it may not be read without a token";
    const hint = sentToken
      ? "Give the token read access to this repository (fine-grained tokens name their repositories), or use another one."
      : giveToken;
    return ["permission_denied", detail, hint];
  }
  if (status === 429) {
    const hint = sentToken ? limitHint : `${limitHint} ${giveToken}`;
    return ["rate_limited", "the Hub takes no more requests for now", hint];
  }
  return undefined;
}

/** What to do about the Hub's limits, whoever meets them. */
export const limitHint = "Wait for the next five-minute window; requests with a token have larger limits.";

function gated(sentToken: boolean, context: RefusalContext): Meaning {
  const { uri, tokenSource } = context;
  const page = repositoryPage(context.endpoint, uri);
  return sentToken
    ? [
        "permission_denied",
        `access to ${uri.repository} is gated, and the account of the token (${tokenSource}) has not been granted it`,
        `Open ${page} with that account and accept the conditions; a fine-grained token also needs the permission to read gated repositories.`,
      ]
    : [
        "unauthenticated",
        `access to ${uri.repository} is gated, and no token was sent`,
        `Open ${page}, sign in and accept the conditions, then give a token of that account in the Secret (entry token), or as HF_TOKEN.`,
      ];
}

function missing(sentToken: boolean, { uri, tokenSource }: RefusalContext): Meaning {
  return sentToken
    ? [
        "not_found",
        `there is no repository ${uri.repository} that the token (${tokenSource}) may see`,
        "Check the name, and for a private repository that the token's account is a member.",
      ]
    : [
        "not_found",
        `there is no public repository ${uri.repository}`,
        `Check the name; a private repository needs a token. ${giveToken}`,
      ];
}

function badToken({ endpoint, tokenSource }: RefusalContext): Meaning {
  return [
    "unauthenticated",
    `the Hub does not accept the token (${tokenSource})`,
    `It may have expired or been revoked: create a new one at ${endpoint}/settings/tokens.`,
  ];
}
