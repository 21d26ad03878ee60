import { accessDenied, S3Failure } from "../s3-failure.ts";
import type { SignedIdentity } from "./authenticate.ts";
import { hmac, scopeText, sha256Hex } from "./canonical-request.ts";

/** An `aws-chunked` body taken apart (Amazon S3 API reference, "Signature calculations: transferring payload in chunks"). */
export interface DecodedChunks {
  readonly bytes: Buffer;
  /** Trailing headers, names in lower case. */
  readonly trailers: ReadonlyMap<string, string>;
}

const crlf = "\r\n";
const emptyHash = sha256Hex("");

const incomplete = (): S3Failure =>
  new S3Failure(
    400,
    "IncompleteBody",
    "The request body terminated unexpectedly, or its chunks do not follow the aws-chunked encoding",
  );

/** Decodes the chunks and checks their signatures where the payload form has them. */
export function decodeChunks(body: Buffer, identity: SignedIdentity): DecodedChunks {
  const signed = identity.payload.includes("-HMAC-SHA256-");
  const chain = new SignatureChain(identity);
  const pieces: Buffer[] = [];
  let offset = 0;
  for (;;) {
    const lineEnd = body.indexOf(crlf, offset);
    if (lineEnd < 0) throw incomplete();
    const [sizeText, extension] = body.subarray(offset, lineEnd).toString("latin1").split(";", 2);
    const size = Number.parseInt(sizeText ?? "", 16);
    const start = lineEnd + crlf.length;
    if (Number.isNaN(size) || start + size > body.length) throw incomplete();
    const data = body.subarray(start, start + size);
    if (signed) chain.checkChunk(data, extension?.replace(/^chunk-signature=/, ""));
    offset = start + size;
    if (size === 0) break;
    if (body.subarray(offset, offset + crlf.length).toString("latin1") !== crlf) throw incomplete();
    offset += crlf.length;
    pieces.push(data);
  }
  const trailers = readTrailers(body.subarray(offset).toString("latin1"));
  if (signed && identity.payload.endsWith("-TRAILER")) chain.checkTrailers(trailers);
  return { bytes: Buffer.concat(pieces), trailers };
}

function readTrailers(text: string): Map<string, string> {
  const trailers = new Map<string, string>();
  for (const line of text.split(crlf)) {
    const colon = line.indexOf(":");
    if (colon > 0) trailers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  return trailers;
}

/** Every chunk's signature covers the one before it. */
class SignatureChain {
  readonly #identity: SignedIdentity;
  #previous: string;

  constructor(identity: SignedIdentity) {
    this.#identity = identity;
    this.#previous = identity.signature;
  }

  checkChunk(data: Buffer, signature: string | undefined): void {
    this.#check("AWS4-HMAC-SHA256-PAYLOAD", [emptyHash, sha256Hex(data)], signature);
  }

  checkTrailers(trailers: ReadonlyMap<string, string>): void {
    const lines = [...trailers].filter(([name]) => name !== "x-amz-trailer-signature");
    const canonical = lines.map(([name, value]) => `${name}:${value}\n`).join("");
    this.#check("AWS4-HMAC-SHA256-TRAILER", [sha256Hex(canonical)], trailers.get("x-amz-trailer-signature"));
  }

  #check(algorithm: string, hashes: readonly string[], signature: string | undefined): void {
    const { dateTime, scope, signingKey } = this.#identity;
    const toSign = [algorithm, dateTime, scopeText(scope), this.#previous, ...hashes].join("\n");
    const expected = hmac(signingKey, toSign).toString("hex");
    if (signature === undefined) throw accessDenied("A chunk of the body is not signed");
    if (signature !== expected) {
      throw new S3Failure(
        403,
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
        { fields: { StringToSign: toSign, SignatureProvided: signature } },
      );
    }
    this.#previous = expected;
  }
}
