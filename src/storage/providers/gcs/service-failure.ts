import type { GcsUri } from "../../../uri/object-uri.ts";

/** What is done with the service; goes into errors. */
export type GcsAction = "open storage" | "list" | "stat" | "locate" | "put" | "delete" | "copy";

/** What a request was about, for the errors that it ends in. */
export interface GcsContext {
  readonly operation: GcsAction;
  readonly uri: GcsUri;
  readonly host: string;
  readonly authType: string;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** An answer that refuses. */
export interface ServiceFailure {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The service's own word: `notFound`, `rateLimitExceeded`, …; undefined when the answer has none. */
  readonly reason: string | undefined;
  readonly message: string;
  /** The answer is a document of the service, or its plain text; not a page of something in between. */
  readonly fromService: boolean;
}

/** Takes a refusal apart: the JSON of the API (https://cloud.google.com/storage/docs/json_api/v1/status-codes), or text. */
export function readFailure(status: number, headers: Readonly<Record<string, string>>, body: string): ServiceFailure {
  try {
    const { error } = JSON.parse(body) as { error?: unknown };
    const { message, errors } = error as { message?: unknown; errors?: readonly { reason?: unknown }[] };
    const reason = errors?.[0]?.reason;
    return {
      status,
      headers,
      reason: typeof reason === "string" && /^\w{1,80}$/.test(reason) ? reason : undefined,
      message: typeof message === "string" ? message : "",
      fromService: true,
    };
  } catch {
    const html = /^\s*</.test(body);
    return { status, headers, reason: undefined, message: html ? "" : body.slice(0, 500), fromService: !html };
  }
}
