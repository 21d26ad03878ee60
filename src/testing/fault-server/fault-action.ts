import type { ObjectLike } from "./served-object.ts";

/** How a server that is out behaves: connections are refused, or accepted and reset, or accepted and never answered. */
export type OutageMode = "refuse" | "reset" | "silent";

/**
 * What goes wrong with one answer. Offsets named `afterBytes` count body bytes of the answer as they are put on the wire;
 * without it the fault strikes before the head.
 */
export type FaultAction =
  /** TCP RST. What was sent before it has been read by the client first, so that costs can be counted exactly. */
  | { readonly type: "reset"; readonly afterBytes?: number; readonly countedOn?: "answer" | "connection" }
  /** FIN: the head promises more than the body has. */
  | { readonly type: "close"; readonly afterBytes?: number }
  /** Silence for `ms`, or until the client gives up. */
  | { readonly type: "stall"; readonly afterBytes?: number; readonly ms?: number }
  /** A slow connection: at most this many body bytes a second. */
  | { readonly type: "slow"; readonly bytesPerSecond: number; readonly afterBytes?: number }
  /** An answer of this status instead of the object. `retryAfter` in seconds; the body defaults to a short XML error. */
  | {
      readonly type: "status";
      readonly status: number;
      readonly retryAfter?: number;
      /** `Retry-After` names the time in so many seconds rather than their number. */
      readonly retryAfterAsDate?: boolean;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
      readonly contentType?: string;
    }
  /** `Location` as given; none when absent. */
  | { readonly type: "redirect"; readonly status?: number; readonly location?: string }
  /** 200 and the whole object to a range request. */
  | { readonly type: "ignore-range" }
  /** 200 with the slice and its `Content-Range`. */
  | { readonly type: "slice-as-200" }
  /** Another slice than was asked for, honestly labelled: `start` absolute, or moved by `startBy`/`endBy` bytes. */
  | { readonly type: "serve-range"; readonly start?: number; readonly startBy?: number; readonly endBy?: number }
  /** A `Content-Range` that lies by so many bytes about the slice that is sent. */
  | {
      readonly type: "false-content-range";
      readonly startBy?: number;
      readonly endBy?: number;
      readonly totalBy?: number;
    }
  /** 416 with the object's size. */
  | { readonly type: "range-not-satisfiable" }
  /** Another version of the object from here on. */
  | { readonly type: "object"; readonly object: ObjectLike }
  /** `If-Match` is not looked at. */
  | { readonly type: "ignore-preconditions" }
  /** As a CDN that compresses: the whole object in gzip, range ignored, unless the client accepts nothing but identity. */
  | { readonly type: "gzip" }
  /** `Transfer-Encoding: chunked`; `cutAfter` bytes it ends, with the closing chunk when `clean`. */
  | { readonly type: "chunked"; readonly cutAfter?: number; readonly clean?: boolean }
  /** HTTP/1.0 without a length: the end of the connection is the end of the body, here after `cutAfter` bytes. */
  | { readonly type: "close-delimited"; readonly cutAfter?: number }
  /** One bit of the object, at this offset of it, arrives inverted. */
  | { readonly type: "flip-bit"; readonly offset: number }
  /** Status and range header stay, the body is an HTML page, padded to the slice's length when `padded`. */
  | { readonly type: "html-page"; readonly padded?: boolean }
  /** Bytes that follow the promised body. */
  | { readonly type: "extra-bytes"; readonly count: number }
  /** Sets a header of the answer, or removes it. Without Content-Length the connection's end is the body's. */
  | { readonly type: "header"; readonly name: string; readonly value: string | undefined }
  /** Interim answers such as 100 and 103 before the real one. */
  | { readonly type: "informational"; readonly statuses: readonly number[] }
  /** The head goes out in pieces of `bytes` bytes, `delayMs` apart. */
  | { readonly type: "split-head"; readonly bytes: number; readonly delayMs: number }
  /** The whole server is out for `ms`, this connection included. */
  | { readonly type: "outage"; readonly ms: number; readonly mode?: OutageMode };
