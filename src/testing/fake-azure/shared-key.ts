import { createHmac, timingSafeEqual } from "node:crypto";
import { authenticationFailed } from "./azure-failure.ts";
import type { AzureRequest } from "./azure-request.ts";

const signedHeaders = [
  "content-encoding",
  "content-language",
  "content-length",
  "content-md5",
  "content-type",
  "date",
  "if-modified-since",
  "if-match",
  "if-none-match",
  "if-unmodified-since",
  "range",
] as const;

/** Requests may be this many milliseconds off. */
const skewMs = 15 * 60_000;

/**
 * Throws unless the request is signed with the account's key
 * (https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key).
 */
export function verifySharedKey(request: AzureRequest, account: string, key: Buffer, now: number): void {
  const [, claimed = "", signature = ""] =
    /^SharedKey ([^:]+):(.+)$/.exec(request.headers.get("authorization") ?? "") ?? [];
  const date = Date.parse(request.headers.get("x-ms-date") ?? request.headers.get("date") ?? "");
  if (Number.isNaN(date) || Math.abs(now - date) > skewMs) {
    throw authenticationFailed(`Request date header too old: '${request.headers.get("x-ms-date") ?? ""}'`);
  }
  const text = stringToSign(request, account);
  if (claimed === account && sameSignature(signature, text, key)) return;
  throw authenticationFailed("The MAC signature found in the HTTP request is not the same as any computed signature.");
}

function stringToSign({ method, headers, path, query }: AzureRequest, account: string): string {
  const values = signedHeaders.map((name) => {
    const value = headers.get(name) ?? "";
    // With `x-ms-date` the other date does not count, and a length of zero is written as nothing.
    if (name === "date" && headers.has("x-ms-date")) return "";
    return name === "content-length" && value === "0" ? "" : value;
  });
  const canonicalHeaders = [...headers]
    .filter(([name]) => name.startsWith("x-ms-"))
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, value]) => `${name}:${value.trim()}\n`)
    .join("");
  const parameters = [...query]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, value]) => `\n${name}:${value}`)
    .join("");
  return `${[method, ...values].join("\n")}\n${canonicalHeaders}/${account}${path}${parameters}`;
}

/** Whether a base64 HMAC is that of the text. */
export function sameSignature(signature: string, text: string, key: Buffer): boolean {
  const expected = createHmac("sha256", key).update(text, "utf8").digest();
  const found = Buffer.from(signature, "base64");
  return found.length === expected.length && timingSafeEqual(found, expected);
}
