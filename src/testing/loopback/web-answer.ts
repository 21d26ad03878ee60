import type { Content } from "../content/content.ts";

/** An answer before it is written to the socket. */
export interface WebAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | Content | undefined;
  /** Leave `Content-Length` out: chunked, or nothing at all for HEAD. */
  readonly lengthless?: boolean | undefined;
}

export function jsonAnswer(value: unknown, headers: Readonly<Record<string, string>> = {}, status = 200): WebAnswer {
  return {
    status,
    headers: { "content-type": "application/json; charset=utf-8", ...headers },
    body: JSON.stringify(value),
  };
}
