import type { OciUri } from "../../../uri/object-uri.ts";

/** What was being asked of the service, and as whom. */
export interface OciContext {
  readonly operation: OciAction;
  readonly uri: OciUri;
  /** Host that was asked. */
  readonly host: string;
  /** As far as they are known. */
  readonly region?: string | undefined;
  readonly namespace?: string | undefined;
  /** `preauthenticated_request` where nobody logs in. */
  readonly authType: string;
  /** Epoch milliseconds. */
  readonly now: number;
  readonly signal?: AbortSignal | undefined;
}

/** Operations of the client; each needs a permission of its own. */
export type OciAction = "open storage" | "find namespace" | "list" | "stat" | "locate" | "put" | "copy" | "delete";

/** An answer other than success. */
export class ServiceFailure extends Error {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The service's own code, such as `BucketNotFound`; undefined where the answer has none, as with HEAD. */
  readonly code: string | undefined;

  constructor(status: number, headers: Readonly<Record<string, string>>, body: string) {
    const { code, message } = parseBody(body);
    super(message);
    this.status = status;
    this.headers = headers;
    this.code = code;
  }

  get requestId(): string | undefined {
    return this.headers["opc-request-id"]?.slice(0, 200);
  }

  /** False for pages of proxies and other servers. */
  get isService(): boolean {
    return this.code !== undefined || this.requestId !== undefined;
  }
}

function parseBody(body: string): { readonly code: string | undefined; readonly message: string } {
  try {
    const { code, message } = JSON.parse(body) as Readonly<Record<string, unknown>>;
    if (typeof code === "string" && /^[\w/]{1,80}$/.test(code)) {
      return { code, message: typeof message === "string" ? message.slice(0, 500) : "" };
    }
  } catch {
    // Not the service's document: there is nothing to learn from it.
  }
  return { code: undefined, message: "" };
}
