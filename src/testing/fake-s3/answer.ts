import type { Content } from "../content/content.ts";

/** An answer before it is written to the socket. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** An XML document, or bytes of an object. */
  readonly body?: string | Content | undefined;
}

export function xmlAnswer(document: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status: 200, headers: { "content-type": "application/xml", ...headers }, body: document };
}
