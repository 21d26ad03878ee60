import type { SignedInterceptor } from "../loopback/signed-store.ts";
import type { WebAnswer } from "../loopback/web-answer.ts";

/** A user access token. Secret, but only for tests. */
export interface FakeHubToken {
  readonly token: string;
  /** User name, as `whoami-v2` tells it. */
  readonly user: string;
  /** Repositories (`org/name`) whose private or gated content it may read. */
  readonly grants?: readonly string[] | undefined;
}

/** Request budgets, as the Hub counts them. */
export type Budget = "api" | "resolvers";

export interface BudgetLimit {
  /** Requests per window. */
  readonly requests: number;
  readonly windowSeconds: number;
}

/** What mirrors do differently; everything off is the Hub itself. */
export interface FakeHubQuirks {
  /** No `X-Repo-Commit` anywhere. */
  readonly noRepoCommit?: boolean | undefined;
  /** 404 with a page of HTML for `/api/…/revision/…`. */
  readonly noRevisionApi?: boolean | undefined;
  /** No `X-Error-Code` and `X-Error-Message`. */
  readonly noErrorCodes?: boolean | undefined;
  /** HEAD tells no `Content-Length`. */
  readonly headWithoutLength?: boolean | undefined;
  /** Status for every HEAD. */
  readonly headStatus?: number | undefined;
  /** No `X-Linked-Etag` and `X-Linked-Size`. */
  readonly noLinkedHeaders?: boolean | undefined;
  /** `X-Linked-Size: 0`. */
  readonly zeroLinkedSize?: boolean | undefined;
  /** Files in LFS storage are listed without saying so, with the pointer's id. */
  readonly unmarkedLfs?: boolean | undefined;
  /** Small files by a relative redirect to another path of the Hub, as the Hub does for some of them. */
  readonly relativeRedirects?: boolean | undefined;
  /** `Link` of listings names the Hub's own address. */
  readonly foreignLinks?: boolean | undefined;
  /** 404 for `auth-check`. */
  readonly noAuthCheck?: boolean | undefined;
  /** Large files come from the mirror itself. */
  readonly noRedirects?: boolean | undefined;
  /** What the Hub says of files in Xet storage; without the endpoints that go with it. */
  readonly xet?: boolean | undefined;
}

export interface FakeHubRequest {
  readonly kind: "info" | "tree" | "paths-info" | "auth-check" | "whoami" | "resolve" | "unknown";
  readonly method: string;
  /** Path and query as they came over the wire. */
  readonly target: string;
  /** `org/name`; empty where there is none. */
  readonly repository: string;
  /** Decoded path inside the repository. */
  readonly path: string;
  /** A token was sent. */
  readonly authorized: boolean;
  readonly userAgent: string;
  /** Requests of this kind so far, this one included. */
  readonly count: number;
}

export interface FakeHubOptions {
  readonly tokens?: readonly FakeHubToken[] | undefined;
  /** Epoch milliseconds; the system's time when absent. */
  readonly clock?: (() => number) | undefined;
  /** Entries per page of a listing. Default 1000. */
  readonly pageSize?: number | undefined;
  /** Seconds that signed addresses are good for. Default 3600. */
  readonly signatureSeconds?: number | undefined;
  readonly limits?: Readonly<Partial<Record<Budget, BudgetLimit>>> | undefined;
  /** How a refusal says when to come back. Default `ratelimit`, as the Hub does. */
  readonly limitHeaders?: "ratelimit" | "retry-after" | "none" | undefined;
  /** Called before a request is answered: return another answer, or cut the connection, or nothing to go on. */
  readonly intercept?: ((request: FakeHubRequest) => WebAnswer | "disconnect" | undefined) | undefined;
  /** The same for the content delivery network. */
  readonly interceptStore?: SignedInterceptor | undefined;
  readonly quirks?: FakeHubQuirks | undefined;
}
