import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import type { S3Uri } from "../../../uri/object-uri.ts";
import { throwIfAborted } from "../../cancellation.ts";
import type { ObjectInfo, PutOptions } from "../../storage.ts";
import { s3Error } from "./errors.ts";
import type { S3Action } from "./service-failure.ts";
import type { S3Session } from "./session.ts";
import { describeUpload, integrityOf, wrongSize } from "./upload-answer.ts";

/** Parts on their way at once; each is held in memory until it has arrived. */
const concurrentParts = 4;
const maxParts = 10_000;

/** Uploads pieces as parts, four at a time, and leaves nothing behind when it fails. */
export async function multipartUpload(
  session: S3Session,
  uri: S3Uri,
  pieces: AsyncIterable<Uint8Array>,
  options: PutOptions,
): Promise<ObjectInfo> {
  let size = 0;
  const summed = session.settings.preset.uploadChecksum === "crc32";
  const upload = await beginUpload(session, uri, "put", options, {
    ...(options.contentType === undefined ? {} : { ContentType: options.contentType }),
    // Checksums of the whole are verified in any order and need no part sizes.
    ...(summed ? { ChecksumAlgorithm: "CRC32", ChecksumType: "FULL_OBJECT" } : {}),
  });
  const answer = await upload.finish(async (signal) => {
    const numbered = numberPieces(uri, pieces);
    const parts: CompletedPart[] = [];
    const worker = async (going: () => boolean): Promise<void> => {
      for (let next = await numbered.next(); next.done !== true && going(); next = await numbered.next()) {
        const { number, bytes } = next.value;
        size += bytes.length;
        parts.push(await uploadPart(session, uri, upload.id, number, bytes, signal));
      }
    };
    await allWorkers(worker, concurrentParts);
    if (options.size !== undefined && options.size !== size) throw wrongSize(uri, options.size, size);
    return parts;
  });
  return describeUpload(session, uri, size, answer, options);
}

/** An upload that was begun: it ends with {@link UnfinishedUpload.finish}, one way or the other. */
export interface UnfinishedUpload {
  readonly id: string;
  /** Completes the upload with the parts that `send` gives; aborts it when that fails. */
  finish(send: (signal: AbortSignal) => Promise<readonly CompletedPart[]>): Promise<{
    readonly ETag?: string | undefined;
    readonly VersionId?: string | undefined;
    readonly ChecksumCRC32?: string | undefined;
    readonly ChecksumCRC64NVME?: string | undefined;
    readonly ChecksumType?: "COMPOSITE" | "FULL_OBJECT" | undefined;
  }>;
}

export async function beginUpload(
  session: S3Session,
  uri: S3Uri,
  action: S3Action,
  options: Pick<PutOptions, "signal" | "ifNoneMatch">,
  input: Partial<CreateMultipartUploadCommandInput>,
): Promise<UnfinishedUpload> {
  const { signal } = options;
  const place = { Bucket: uri.bucket, Key: uri.key };
  const payer = session.settings.requesterPays ? ({ RequestPayer: "requester" } as const) : {};
  const { UploadId: id } = await session.run({ action, uri, signal }, (sdk, sendOptions) =>
    sdk.send(new CreateMultipartUploadCommand({ ...place, ...payer, ...input }), sendOptions),
  );
  if (id === undefined) {
    throw s3Error("protocol", { operation: action, uri }, "the upload got no id", "Check the endpoint.");
  }
  const conditional = options.ifNoneMatch === true && session.settings.preset.conditionalWrites;
  const complete = (parts: readonly CompletedPart[]) =>
    session.run({ action, uri, signal, onlyAnswered: true }, (sdk, sendOptions) =>
      sdk.send(
        new CompleteMultipartUploadCommand({
          ...place,
          ...payer,
          UploadId: id,
          MultipartUpload: { Parts: [...parts].sort((a, b) => (a.PartNumber ?? 0) - (b.PartNumber ?? 0)) },
          ...(input.ChecksumType === undefined ? {} : { ChecksumType: input.ChecksumType }),
          ...(conditional ? { IfNoneMatch: "*" } : {}),
        }),
        sendOptions,
      ),
    );
  // Not bound to the caller's signal: a cancelled upload has to be removed, too.
  const abort = () =>
    session.run({ action, uri }, (sdk) =>
      sdk.send(new AbortMultipartUploadCommand({ ...place, ...payer, UploadId: id })),
    );
  return {
    id,
    finish: async (send) => {
      const failed = new AbortController();
      const combined = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]);
      try {
        throwIfAborted(signal, action);
        return await complete(await send(combined));
      } catch (error) {
        failed.abort();
        await abort().catch(() => {});
        throw error;
      }
    },
  };
}

/**
 * Runs the same worker several times at once. When one fails the others are asked to go on no further; the first failure is
 * thrown when all have ended.
 */
export async function allWorkers(worker: (going: () => boolean) => Promise<void>, count: number): Promise<void> {
  const failures: unknown[] = [];
  const guarded = async (): Promise<void> => {
    try {
      await worker(() => failures.length === 0);
    } catch (error) {
      failures.push(error);
    }
  };
  await Promise.all(Array.from({ length: count }, guarded));
  if (failures.length > 0) throw failures[0];
}

async function* numberPieces(
  uri: S3Uri,
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<{ readonly number: number; readonly bytes: Uint8Array }> {
  let number = 0;
  for await (const bytes of pieces) {
    number += 1;
    if (number > maxParts) {
      const context = { operation: "put", uri } as const;
      const detail = `the body is longer than ${maxParts} parts`;
      throw s3Error("config_invalid", context, detail, "Announce its size, or choose a larger partSize.");
    }
    yield { number, bytes };
  }
}

async function uploadPart(
  session: S3Session,
  uri: S3Uri,
  uploadId: string,
  number: number,
  bytes: Uint8Array,
  signal: AbortSignal,
): Promise<CompletedPart> {
  const answer = await session.run({ action: "put", uri, signal }, (sdk, sendOptions) =>
    sdk.send(
      new UploadPartCommand({
        Bucket: uri.bucket,
        Key: uri.key,
        UploadId: uploadId,
        PartNumber: number,
        Body: bytes,
        ContentLength: bytes.length,
        ...(session.settings.requesterPays ? { RequestPayer: "requester" } : {}),
        ...integrityOf(session, bytes),
      }),
      sendOptions,
    ),
  );
  return {
    PartNumber: number,
    ...(answer.ETag === undefined ? {} : { ETag: answer.ETag }),
    ...(answer.ChecksumCRC32 === undefined ? {} : { ChecksumCRC32: answer.ChecksumCRC32 }),
  };
}
