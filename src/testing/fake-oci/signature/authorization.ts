import { createHash, type KeyObject, verify } from "node:crypto";

/** The parts of an `Authorization` field of scheme Signature (draft-cavage-http-signatures-08). */
export interface SignatureClaim {
  readonly keyId: string;
  /** Names of the signed fields, in order. */
  readonly names: readonly string[];
  readonly signature: Buffer;
}

/** A request as its signature sees it. */
export interface SignedRequest {
  readonly method: string;
  /** Path and query as they came over the wire. */
  readonly target: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
}

const skewMs = 5 * 60_000;

/** Undefined when the field is missing or is none that Oracle Cloud takes: RSA-SHA256, version 1. */
export function parseAuthorization(header: string | undefined): SignatureClaim | undefined {
  if (header?.startsWith("Signature ") !== true) return undefined;
  const fields = new Map(
    [...header.slice("Signature ".length).matchAll(/(\w+)="([^"]*)"/g)].map(([, name = "", value = ""]) => [
      name,
      value,
    ]),
  );
  const [keyId, names, signature] = [fields.get("keyId"), fields.get("headers"), fields.get("signature")];
  if (!keyId || !names || !signature) return undefined;
  if (fields.get("algorithm") !== "rsa-sha256" || fields.get("version") !== "1") return undefined;
  return { keyId, names: names.toLowerCase().split(" "), signature: Buffer.from(signature, "base64") };
}

/**
 * Why a signature is refused; undefined when it holds. `body` is what a signed body has to be, undefined where the
 * operation's body is not signed.
 */
export function refuseSignature(
  request: SignedRequest,
  claim: SignatureClaim,
  options: {
    readonly publicKey: KeyObject;
    readonly now: number;
    readonly body?: Uint8Array | undefined;
    /** The federation service does without. Default true. */
    readonly hostRequired?: boolean | undefined;
  },
): string | undefined {
  const { publicKey, now, body, hostRequired = true } = options;
  const dateName = claim.names.find((name) => name === "x-date" || name === "date");
  const required = ["(request-target)", ...(hostRequired ? ["host"] : [])];
  if (body !== undefined) required.push("content-length", "content-type", "x-content-sha256");
  const missing = required.find((name) => !claim.names.includes(name));
  if (dateName === undefined || missing !== undefined) return `The signature does not cover ${missing ?? "a date"}`;
  const skew = refuseDate(request.headers.get(dateName), now);
  if (skew !== undefined) return skew;
  const lines = claim.names.map((name) => {
    const value =
      name === "(request-target)" ? `${request.method.toLowerCase()} ${request.target}` : request.headers.get(name);
    return `${name}: ${value}`;
  });
  if (!verify("sha256", Buffer.from(lines.join("\n")), publicKey, claim.signature))
    return "Failed to verify the HTTP(S) Signature";
  if (body === undefined) return undefined;
  const hash = createHash("sha256").update(body).digest("base64");
  if (request.headers.get("x-content-sha256") !== hash) return "The x-content-sha256 header does not match the body";
  return request.headers.get("content-length") === String(body.length)
    ? undefined
    : "The content-length does not match the body";
}

function refuseDate(value: string | undefined, now: number): string | undefined {
  const date = Date.parse(value ?? "");
  if (Math.abs(now - date) <= skewMs) return undefined;
  const show = (time: number): string => new Date(time).toUTCString().replace("GMT", "UTC");
  const shown = Number.isNaN(date) ? (value ?? "") : show(date);
  return `Date '${shown}' is not within allowed clock skew. Current '${show(now)}', valid datetime range: ['${show(now - skewMs)}', '${show(now + skewMs)}']`;
}
