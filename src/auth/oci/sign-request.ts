import { createHash, sign } from "node:crypto";
import type { OciSigningKey } from "./credentials.ts";

export interface SignableRequest {
  readonly method: string;
  /** Absolute URL, byte for byte as it goes on the wire. */
  readonly url: string;
  /**
   * A body that is part of the signature, as every body is but those of objects and parts. Undefined: the request has none,
   * or one that is not signed.
   */
  readonly body?: { readonly text: string; readonly contentType: string } | undefined;
  /** The field that carries the time. Default `x-date`; the federation service wants `date`. */
  readonly dateField?: "x-date" | "date" | undefined;
}

/**
 * The fields that sign a request (https://docs.oracle.com/en-us/iaas/Content/API/Concepts/signingrequests.htm): draft-cavage
 * HTTP signatures, RSA-SHA256 over time, request target and host, and over the body where there is one. The `Range` is not
 * signed, so the fields of a GET are good for every range of it. Names in lower case; `host` is left to the connection.
 */
export function signRequest(request: SignableRequest, key: OciSigningKey, now: number): Record<string, string> {
  const { method, url, body, dateField = "x-date" } = request;
  const { host } = new URL(url);
  const fields: [name: string, value: string][] = [
    [dateField, new Date(now).toUTCString()],
    ["(request-target)", `${method.toLowerCase()} ${requestTarget(url)}`],
    ["host", host],
  ];
  if (body !== undefined) {
    fields.push(
      ["content-type", body.contentType],
      ["content-length", String(Buffer.byteLength(body.text))],
      ["x-content-sha256", createHash("sha256").update(body.text).digest("base64")],
    );
  }
  const text = fields.map(([name, value]) => `${name}: ${value}`).join("\n");
  const signature = sign("sha256", Buffer.from(text), key.privateKey).toString("base64");
  const names = fields.map(([name]) => name).join(" ");
  const own = fields.filter(([name]) => name !== "(request-target)" && name !== "host");
  return {
    ...Object.fromEntries(own),
    authorization: `Signature version="1",keyId="${key.keyId}",algorithm="rsa-sha256",headers="${names}",signature="${signature}"`,
  };
}

/** Path and query of an absolute URL, untouched: what is signed, and what has to be sent. */
export function requestTarget(url: string): string {
  const rest = /^https?:\/\/[^/?#]*([^#]*)/i.exec(url)?.[1] ?? "";
  return rest.startsWith("/") ? rest : `/${rest}`;
}
