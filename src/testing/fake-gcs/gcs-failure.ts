import type { WebAnswer } from "../loopback/web-answer.ts";

/** A refusal as the JSON API words it (https://cloud.google.com/storage/docs/json_api/v1/status-codes). */
export class GcsFailure extends Error {
  readonly status: number;
  readonly reason: string;

  constructor(status: number, reason: string, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }

  /** Reads of bytes are refused in plain text, everything else with a document. */
  answer(media: boolean): WebAnswer {
    const { status, reason, message } = this;
    if (media) return { status, headers: { "content-type": "text/html; charset=UTF-8" }, body: message };
    const errors = [{ message, domain: "global", reason }];
    return {
      status,
      headers: { "content-type": "application/json; charset=UTF-8" },
      body: JSON.stringify({ error: { code: status, message, errors } }),
    };
  }
}

export function noSuchBucket(): GcsFailure {
  return new GcsFailure(404, "notFound", "The specified bucket does not exist.");
}

export function noSuchObject(bucket: string, key: string): GcsFailure {
  return new GcsFailure(404, "notFound", `No such object: ${bucket}/${key}`);
}
