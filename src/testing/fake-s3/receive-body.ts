import { bytesContent, type Content } from "../content/content.ts";
import {
  type ChecksumAlgorithm,
  checksumAlgorithms,
  checksumHeader,
  checksumLength,
  digestContent,
} from "./checksum.ts";
import type { OperationContext } from "./operation-context.ts";
import { badDigest, invalidRequest, notImplemented, S3Failure } from "./s3-failure.ts";
import { sha256Hex } from "./signature/canonical-request.ts";
import { decodeChunks } from "./signature/decode-chunks.ts";

/** A body that is whole and is what its sender said. */
export interface ReceivedBody {
  readonly content: Content;
  readonly md5: Buffer;
  /** Of the algorithm that was declared, else of the one asked for. */
  readonly checksum: { readonly algorithm: ChecksumAlgorithm; readonly value: Buffer } | undefined;
}

/** The XML that some operations take, its payload hash checked; `x-amz-checksum-*` is left to the operation. */
export async function receiveText(context: OperationContext): Promise<string> {
  const { bytes } = await receiveBytes(context);
  return bytes.toString("utf8");
}

/** The XML of an operation whose `Content-MD5` and checksums are those of the XML itself. */
export async function receiveCheckedText(context: OperationContext): Promise<string> {
  const { content } = await receiveBody(context, undefined);
  const bytes = Buffer.alloc(content.size);
  content.read(0, bytes);
  return bytes.toString("utf8");
}

/** The body of an object or a part, held against its payload hash, `Content-MD5` and checksums. */
export async function receiveBody(
  context: OperationContext,
  defaultAlgorithm: ChecksumAlgorithm | undefined,
): Promise<ReceivedBody> {
  const { bytes, trailers } = await receiveBytes(context);
  const content = bytesContent(bytes);
  const declared = context.quirks.noChecksums ? undefined : declaredChecksum(context, trailers);
  const named = context.request.headers.get("x-amz-sdk-checksum-algorithm")?.toUpperCase();
  const algorithm = declared?.algorithm ?? checksumAlgorithms.find((name) => name === named) ?? defaultAlgorithm;
  const wanted = context.quirks.noChecksums ? undefined : algorithm;
  const digests = await digestContent(content, wanted === undefined ? ["MD5"] : ["MD5", wanted]);
  checkContentMd5(context.request.headers.get("content-md5"), digests.MD5);
  const value = wanted === undefined ? undefined : digests[wanted];
  if (declared !== undefined && value?.toString("base64") !== declared.value) {
    throw badDigest(`The ${declared.algorithm} you specified did not match the calculated checksum.`);
  }
  return {
    content,
    md5: digests.MD5,
    checksum: wanted === undefined || value === undefined ? undefined : { algorithm: wanted, value },
  };
}

async function receiveBytes(
  context: OperationContext,
): Promise<{ readonly bytes: Buffer; readonly trailers: ReadonlyMap<string, string> }> {
  const { request, identity, quirks } = context;
  const payload = identity.kind === "signed" ? identity.payload : "UNSIGNED-PAYLOAD";
  const streaming = payload.startsWith("STREAMING-");
  if (streaming && quirks.refuseTrailers && payload.endsWith("-TRAILER")) throw notImplemented("x-amz-trailer");
  checkLength(context, streaming);
  const pieces: Buffer[] = [];
  for await (const piece of request.incoming) pieces.push(piece);
  const raw = Buffer.concat(pieces);
  if (streaming && identity.kind === "signed") {
    const decoded = decodeChunks(raw, identity);
    if (decoded.bytes.length !== Number(request.headers.get("x-amz-decoded-content-length"))) {
      throw new S3Failure(
        400,
        "IncompleteBody",
        "You did not provide the number of bytes specified by the x-amz-decoded-content-length HTTP header",
      );
    }
    return decoded;
  }
  if (payload !== "UNSIGNED-PAYLOAD" && !streaming) checkPayloadHash(payload, raw);
  return { bytes: raw, trailers: new Map() };
}

function checkLength({ request }: OperationContext, streaming: boolean): void {
  const length = request.headers.get(streaming ? "x-amz-decoded-content-length" : "content-length");
  const chunked = request.headers.get("transfer-encoding") !== undefined;
  if (length === undefined && (chunked || streaming || request.method === "PUT")) {
    throw new S3Failure(411, "MissingContentLength", "You must provide the Content-Length HTTP header.");
  }
}

function checkPayloadHash(payload: string, raw: Buffer): void {
  const computed = sha256Hex(raw);
  if (computed === payload) return;
  throw new S3Failure(
    400,
    "XAmzContentSHA256Mismatch",
    "The provided 'x-amz-content-sha256' header does not match what was computed.",
    { fields: { ClientComputedContentSHA256: payload, S3ComputedContentSHA256: computed } },
  );
}

function declaredChecksum(
  { request }: OperationContext,
  trailers: ReadonlyMap<string, string>,
): { readonly algorithm: ChecksumAlgorithm; readonly value: string } | undefined {
  const announced = request.headers.get("x-amz-trailer")?.toLowerCase();
  if (announced !== undefined && !trailers.has(announced)) {
    throw new S3Failure(400, "MalformedTrailerError", "The request contained trailing data that was not well-formed");
  }
  const found = checksumAlgorithms.flatMap((algorithm) => {
    const name = checksumHeader(algorithm);
    const value = request.headers.get(name) ?? trailers.get(name);
    return value === undefined ? [] : [{ algorithm, value }];
  });
  if (found.length > 1)
    throw invalidRequest("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.");
  const [declared] = found;
  if (declared === undefined) return undefined;
  if (Buffer.from(declared.value, "base64").length !== checksumLength[declared.algorithm]) {
    throw invalidRequest(`Value for ${checksumHeader(declared.algorithm)} header is invalid.`);
  }
  return declared;
}

function checkContentMd5(header: string | undefined, md5: Buffer): void {
  if (header === undefined) return;
  if (Buffer.from(header, "base64").length !== md5.length) {
    throw new S3Failure(400, "InvalidDigest", "The Content-MD5 you specified was invalid.", {
      fields: { "Content-MD5": header },
    });
  }
  if (header !== md5.toString("base64")) {
    throw new S3Failure(400, "BadDigest", "The Content-MD5 you specified did not match what we received.", {
      fields: { ExpectedDigest: header, CalculatedDigest: md5.toString("base64") },
    });
  }
}
