import type { models } from "oci-objectstorage";
import type { OciUri } from "../../../uri/object-uri.ts";
import { throwIfAborted } from "../../cancellation.ts";
import { mapOrdered } from "../../map-ordered.ts";
import type { ObjectInfo, PutOptions } from "../../storage.ts";
import { crc32cOf } from "./crc32c.ts";
import { ociError } from "./errors.ts";
import type { OciSession } from "./session.ts";
import { describeUpload, wrongSize } from "./upload-answer.ts";

/** Parts on their way at once; each is held in memory until it has arrived. */
const concurrentParts = 4;
const maxParts = 10_000;

/** Uploads pieces as parts, four at a time, and leaves nothing behind when it fails. */
export async function multipartUpload(
  session: OciSession,
  uri: OciUri,
  pieces: AsyncIterable<Uint8Array>,
  options: PutOptions,
): Promise<ObjectInfo> {
  const { signal, contentType, ifNoneMatch } = options;
  const condition = ifNoneMatch === true ? { ifNoneMatch: "*" } : {};
  const { multipartUpload: upload } = await session.run({ action: "put", uri, signal }, (sdk, place) =>
    sdk.createMultipartUpload({
      ...place,
      ...condition,
      createMultipartUploadDetails: { object: uri.key, ...(contentType === undefined ? {} : { contentType }) },
      // The service then keeps the CRC32C of the whole, which needs no part sizes to be verified.
      opcChecksumAlgorithm: "CRC32C" as never,
    }),
  );
  const { uploadId } = upload;
  try {
    const { partsToCommit, size } = await sendParts(session, uri, uploadId, pieces, options);
    throwIfAborted(signal, "put");
    const answer = await session.run({ action: "put", uri, signal, onlyAnswered: true }, (sdk, place) =>
      sdk.commitMultipartUpload({
        ...place,
        ...condition,
        objectName: uri.key,
        uploadId,
        commitMultipartUploadDetails: { partsToCommit },
      }),
    );
    const { eTag, versionId, lastModified, opcMultipartMd5, opcContentCrc32c } = answer;
    const evidence = { size, multipartMd5: opcMultipartMd5, crc32c: opcContentCrc32c };
    return describeUpload(uri, evidence, { eTag, versionId, lastModified }, options);
  } catch (error) {
    // Not bound to the caller's signal: a cancelled upload has to be removed, too.
    await session
      .run({ action: "put", uri }, (sdk, place) =>
        sdk.abortMultipartUpload({ ...place, objectName: uri.key, uploadId }),
      )
      .catch(() => {});
    throw error;
  }
}

async function sendParts(
  session: OciSession,
  uri: OciUri,
  uploadId: string,
  pieces: AsyncIterable<Uint8Array>,
  { signal, size: announced }: PutOptions,
): Promise<{ readonly partsToCommit: models.CommitMultipartUploadPartDetails[]; readonly size: number }> {
  const failed = new AbortController();
  const combined = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]);
  const partsToCommit: models.CommitMultipartUploadPartDetails[] = [];
  let size = 0;
  try {
    const sent = mapOrdered(numbered(uri, pieces), concurrentParts, async ({ number, bytes }) => {
      const { eTag } = await session.run({ action: "put", uri, signal: combined }, (sdk, place) =>
        sdk.uploadPart({
          ...place,
          objectName: uri.key,
          uploadId,
          uploadPartNum: number,
          contentLength: bytes.length,
          uploadPartBody: bytes as never,
          opcChecksumAlgorithm: "CRC32C" as never,
          opcContentCrc32c: crc32cOf(bytes),
        }),
      );
      return { partNum: number, etag: eTag, length: bytes.length };
    });
    for await (const { length, ...part } of sent) {
      size += length;
      partsToCommit.push(part);
    }
  } catch (error) {
    failed.abort();
    throw error;
  }
  if (announced !== undefined && announced !== size) throw wrongSize(uri, announced, size);
  return { partsToCommit, size };
}

async function* numbered(
  uri: OciUri,
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<{ readonly number: number; readonly bytes: Uint8Array }> {
  let number = 0;
  for await (const bytes of pieces) {
    number += 1;
    if (number > maxParts) {
      const detail = `the body is longer than ${maxParts} parts`;
      const hint = "Announce its size, or choose a larger partSize.";
      throw ociError("config_invalid", { operation: "put", uri }, detail, hint);
    }
    yield { number, bytes };
  }
}
