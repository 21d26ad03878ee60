import { createHash, createHmac } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { SignatureV4 } from "@smithy/signature-v4";

/** Keys that a fake service knows. */
export interface KnownKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

/** Parts of an `Authorization: AWS4-HMAC-SHA256 …` header. */
export interface SignatureClaim {
  readonly accessKeyId: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signingDate: Date;
}

export function readSignatureClaim(incoming: IncomingMessage): SignatureClaim | undefined {
  const match =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/\d{8}\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=[0-9a-f]{64}$/.exec(
      incoming.headers.authorization ?? "",
    );
  const date = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(String(incoming.headers["x-amz-date"]));
  if (match === null || date === null) return undefined;
  const [, accessKeyId = "", region = "", service = "", headers = ""] = match;
  const [, year, month, day, hour, minute, second] = date;
  return {
    accessKeyId,
    region,
    service,
    signedHeaders: headers.split(";"),
    signingDate: new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`),
  };
}

/** Signs the request again with AWS's own signer and compares: true when the caller holds the secret key (and token). */
export async function signatureHolds(
  incoming: IncomingMessage,
  body: Buffer,
  claim: SignatureClaim,
  keys: KnownKeys,
): Promise<boolean> {
  const url = new URL(incoming.url ?? "/", `http://${incoming.headers.host}`);
  const headers = Object.fromEntries(claim.signedHeaders.map((name) => [name, String(incoming.headers[name])]));
  const signer = new SignatureV4({
    service: claim.service,
    region: claim.region,
    credentials: {
      accessKeyId: keys.accessKeyId,
      secretAccessKey: keys.secretAccessKey,
      ...(keys.sessionToken === undefined ? {} : { sessionToken: keys.sessionToken }),
    },
    sha256: NodeSha256,
    applyChecksum: claim.signedHeaders.includes("x-amz-content-sha256"),
  });
  const signed = await signer.sign(
    {
      method: incoming.method ?? "",
      protocol: "http:",
      hostname: url.hostname,
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers,
      body,
    },
    { signingDate: claim.signingDate, signableHeaders: new Set(claim.signedHeaders) },
  );
  return (
    signed.headers["authorization"]?.replaceAll(", ", ",") === incoming.headers.authorization?.replaceAll(", ", ",")
  );
}

class NodeSha256 {
  readonly #hash;
  constructor(secret?: unknown) {
    this.#hash = secret === undefined ? createHash("sha256") : createHmac("sha256", secret as Uint8Array);
  }
  update(data: string | Uint8Array | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(typeof data === "string" ? data : Buffer.from(data as Uint8Array));
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
  reset(): void {}
}
