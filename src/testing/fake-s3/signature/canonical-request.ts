import { createHash, createHmac } from "node:crypto";

/** Signature Version 4 as the service computes it (AWS General Reference, "Signing AWS API requests"). */

export const signatureAlgorithm = "AWS4-HMAC-SHA256";

export function sha256Hex(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

/** Percent-encodes everything but the unreserved characters, byte by byte. */
function uriEncode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

export interface CanonicalInput {
  readonly method: string;
  /** Decoded path of the request line, the bucket included in path style. */
  readonly path: string;
  /** Decoded query without the signature itself. */
  readonly query: readonly (readonly [name: string, value: string])[];
  readonly headers: ReadonlyMap<string, string>;
  /** In the order in which the client names them. */
  readonly signedHeaders: readonly string[];
  readonly payloadHash: string;
}

/** S3 encodes the path once and never normalizes it: `//`, `.` and `..` stay as they are. */
export function canonicalRequest(input: CanonicalInput): string {
  const query = input.query
    .map(([name, value]) => `${uriEncode(name)}=${uriEncode(value)}`)
    .sort((a, b) => (a < b ? -1 : 1))
    .join("&");
  const headers = input.signedHeaders
    .map((name) => `${name}:${(input.headers.get(name) ?? "").trim().replace(/ +/g, " ")}\n`)
    .join("");
  return [
    input.method,
    input.path.split("/").map(uriEncode).join("/"),
    query,
    headers,
    input.signedHeaders.join(";"),
    input.payloadHash,
  ].join("\n");
}

export function hmac(key: string | Uint8Array, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

/** The key that signs for one day, region and service. */
export function signingKey(secret: string, scope: CredentialScope): Buffer {
  const day = hmac(`AWS4${secret}`, scope.date);
  return hmac(hmac(hmac(day, scope.region), scope.service), "aws4_request");
}

/** `<access key>/<date>/<region>/<service>/aws4_request`. */
export interface CredentialScope {
  readonly accessKeyId: string;
  readonly date: string;
  readonly region: string;
  readonly service: string;
}

export function scopeText(scope: CredentialScope): string {
  return `${scope.date}/${scope.region}/${scope.service}/aws4_request`;
}

/** Access keys may hold slashes on some servers; the last four parts are the scope. */
export function parseScope(credential: string): CredentialScope | undefined {
  const match = /^(.+)\/(\d{8})\/([^/]*)\/([^/]*)\/aws4_request$/.exec(credential);
  const [, accessKeyId, date, region, service] = match ?? [];
  if (accessKeyId === undefined || date === undefined || region === undefined || service === undefined)
    return undefined;
  return { accessKeyId, date, region, service };
}

export function stringToSign(dateTime: string, scope: CredentialScope, canonical: string): string {
  return [signatureAlgorithm, dateTime, scopeText(scope), sha256Hex(canonical)].join("\n");
}

/** Epoch milliseconds of `20130524T000000Z`; undefined for anything else. */
export function parseDateTime(text: string | undefined): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text ?? "");
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number);
  return Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second);
}
