import type { AzureUri } from "../../../uri/object-uri.ts";

/** Operations of the client; each needs a permission of its own. */
export type AzureAction = "open storage" | "list" | "stat" | "locate" | "put" | "copy" | "delete";

/** What was being asked of the service, and as whom. */
export interface AzureContext {
  readonly operation: AzureAction;
  readonly uri: AzureUri;
  readonly account: string;
  /** Host that was asked. */
  readonly host: string;
  readonly authType: string;
  /** Epoch milliseconds. */
  readonly now: number;
  readonly signal?: AbortSignal | undefined;
}

/** An answer other than success. */
export class ServiceFailure extends Error {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The service's own code, such as `ContainerNotFound`; it stands in a header too, so that HEAD tells it. */
  readonly code: string | undefined;
  /** What the service adds about a refused login; may repeat parts of the signature and is not shown. */
  readonly authenticationDetail: string;

  constructor(status: number, headers: Readonly<Record<string, string>>, body: string) {
    super(element(body, "Message").split("\n")[0]?.slice(0, 300) ?? "");
    this.status = status;
    this.headers = headers;
    const code = headers["x-ms-error-code"] ?? element(body, "Code");
    this.code = /^\w{1,80}$/.test(code) ? code : undefined;
    this.authenticationDetail = element(body, "AuthenticationErrorDetail");
  }

  get requestId(): string | undefined {
    return this.headers["x-ms-request-id"]?.slice(0, 100);
  }

  /** False for pages of proxies and other servers. */
  get isService(): boolean {
    return this.code !== undefined || this.requestId !== undefined;
  }
}

function element(xml: string, name: string): string {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? "";
}
