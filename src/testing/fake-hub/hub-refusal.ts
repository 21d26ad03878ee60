import type { WebAnswer } from "../loopback/web-answer.ts";

/** An answer that refuses, as the Hub words it. */
export class HubRefusal extends Error {
  readonly status: number;
  readonly code: string | undefined;

  constructor(status: number, code: string | undefined, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }

  answer(withCodes: boolean): WebAnswer {
    const codes = {
      ...(this.code === undefined ? {} : { "x-error-code": this.code }),
      "x-error-message": this.message,
    };
    return {
      status: this.status,
      headers: { "content-type": "application/json", ...(withCodes ? codes : {}) },
      body: JSON.stringify({ error: this.message }),
    };
  }
}

export function revisionNotFound(revision: string): HubRefusal {
  return new HubRefusal(404, "RevisionNotFound", `Invalid rev id: ${revision}`);
}

export function entryNotFound(): HubRefusal {
  return new HubRefusal(404, "EntryNotFound", "Entry not found");
}
