import type { OciUri } from "../../../uri/object-uri.ts";
import { choosePartSize, type PartLimits } from "../../choose-part-size.ts";
import type { ObjectInfo, PutBody, PutOptions } from "../../storage.ts";
import { uploadBody } from "../../upload-body.ts";
import { crc32cOf } from "./crc32c.ts";
import { ociError } from "./errors.ts";
import { multipartUpload } from "./multipart-upload.ts";
import type { OciSession } from "./session.ts";
import { describeUpload, wrongSize } from "./upload-answer.ts";

const limits: PartLimits = {
  maxParts: 10_000,
  minSize: 10 * 1024 ** 2,
  maxSize: 50 * 1024 ** 3,
  range: "10 MiB to 50 GiB",
  name: "parts",
};

/** Stores a body: in one request when it fits into a part, else in parts. */
export async function putObject(
  session: OciSession,
  uri: OciUri,
  body: PutBody,
  options: PutOptions = {},
): Promise<ObjectInfo> {
  const context = { operation: "put", uri } as const;
  if (uri.key === "") throw ociError("config_invalid", context, "the object has no name", "Give a name in the URI.");
  const size = body instanceof Uint8Array ? body.length : options.size;
  if (options.size !== undefined && size !== options.size) throw wrongSize(uri, options.size, size ?? 0);
  const partSize = partSizeFor(uri, size, options.partSize);
  return uploadBody(body, partSize, {
    whole: (bytes) => {
      if (options.size !== undefined && bytes.length !== options.size) throw wrongSize(uri, options.size, bytes.length);
      return putWhole(session, uri, bytes, options);
    },
    parts: (pieces) => multipartUpload(session, uri, pieces, options),
  });
}

async function putWhole(session: OciSession, uri: OciUri, bytes: Uint8Array, options: PutOptions): Promise<ObjectInfo> {
  const conditional = options.ifNoneMatch === true;
  const call = { action: "put", uri, signal: options.signal, onlyAnswered: conditional } as const;
  const answer = await session.run(call, (sdk, place) =>
    sdk.putObject({
      ...place,
      objectName: uri.key,
      contentLength: bytes.length,
      putObjectBody: bytes as never,
      opcChecksumAlgorithm: "CRC32C" as never,
      opcContentCrc32c: crc32cOf(bytes),
      ...(options.contentType === undefined ? {} : { contentType: options.contentType }),
      ...(conditional ? { ifNoneMatch: "*" } : {}),
    }),
  );
  const { eTag, versionId, lastModified, opcContentMd5, opcContentCrc32c } = answer;
  const evidence = { size: bytes.length, md5: opcContentMd5, crc32c: opcContentCrc32c };
  return describeUpload(uri, evidence, { eTag, versionId, lastModified }, options);
}

/** Throws `config_invalid` for a part size that the service does not take. */
function partSizeFor(uri: OciUri, size: number | undefined, wanted: number | undefined): number {
  const chosen = choosePartSize(size, wanted, limits);
  if (typeof chosen === "number") return chosen;
  throw ociError("config_invalid", { operation: "put", uri }, chosen.detail, chosen.hint);
}
