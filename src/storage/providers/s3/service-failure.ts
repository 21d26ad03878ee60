import type { ObjectUri } from "../../../uri/object-uri.ts";

/** What was being asked of the service, and as whom. */
export interface S3Context {
  readonly operation: S3Action;
  readonly uri: ObjectUri;
  /** Title of the service. */
  readonly service: string;
  /** Host that was asked. */
  readonly host: string;
  readonly authType: string;
  /** Epoch milliseconds. */
  readonly now: number;
  readonly signal?: AbortSignal | undefined;
}

/** Operations of the client; each needs a permission of its own. */
export type S3Action = "open storage" | "list" | "stat" | "locate" | "put" | "copy" | "delete";

/** What the SDK tells of a refusal, as far as it can be relied on. */
export interface ServiceFailure {
  readonly code: string;
  readonly message: string;
  readonly status: number | undefined;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Further elements of the error document: `Region`, `ServerTime`. */
  field(name: string): string | undefined;
}

/** Reads an SDK exception; undefined when the error is none, such as a failed connection. */
export function serviceFailure(error: unknown): ServiceFailure | undefined {
  if (!(error instanceof Error) || !("$metadata" in error)) return undefined;
  const fields = error as unknown as Record<string, unknown>;
  const metadata = fields["$metadata"] as { readonly httpStatusCode?: number } | undefined;
  const response = fields["$response"] as
    | { readonly statusCode?: number; readonly headers?: Readonly<Record<string, string>> }
    | undefined;
  const status = metadata?.httpStatusCode ?? response?.statusCode;
  if (status === undefined) return undefined;
  return {
    code: error.name,
    message: error.message,
    status,
    headers: response?.headers ?? {},
    field: (name) => (typeof fields[name] === "string" ? fields[name] : undefined),
  };
}

/** The region in which the service says the bucket is, when it refused for that; undefined otherwise. */
export function regionOfFailure(error: unknown): string | undefined {
  const failure = serviceFailure(error);
  if (failure === undefined) return undefined;
  const { status, code } = failure;
  const misplaced =
    status === 301 ||
    status === 307 ||
    code === "AuthorizationHeaderMalformed" ||
    code === "AuthorizationQueryParametersError" ||
    code === "IllegalLocationConstraintException" ||
    // A refused HEAD has no document to say why.
    (status === 400 && failure.field("Code") === undefined);
  if (!misplaced) return undefined;
  return failure.field("Region") ?? failure.headers["x-amz-bucket-region"] ?? regionOfHost(failure.field("Endpoint"));
}

function regionOfHost(host: string | undefined): string | undefined {
  return /(?:^|\.)s3[.-]([a-z]{2,}(?:-[a-z]+)+-\d)\.amazonaws\.com/.exec(host ?? "")?.[1];
}
