import {
  type CompletedPart,
  CopyObjectCommand,
  type HeadObjectCommandOutput,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import type { S3Uri } from "../../../uri/object-uri.ts";
import type { CallOptions, ObjectInfo } from "../../storage.ts";
import { allWorkers, beginUpload } from "./multipart-upload.ts";
import type { S3Session } from "./session.ts";
import { headObject, statObject } from "./stat.ts";
import { objectInput } from "./version.ts";

const gibibyte = 1024 ** 3;
/** Copies in flight at once; they cost nothing here, the service moves the bytes. */
const concurrentCopies = 8;

/** How large copies are cut; the defaults are S3's own limits. */
export interface CopyLimits {
  /** Largest object that is copied in one request, in bytes. Default 5 GiB. */
  readonly maxCopySize: number;
  /** Bytes per part of what is larger. Default 1 GiB. */
  readonly partSize: number;
}

export const defaultCopyLimits: CopyLimits = { maxCopySize: 5 * gibibyte, partSize: gibibyte };

/** Copies within the service, pinned to the version that is there at the beginning; what is larger than 5 GiB in parts. */
export async function copyObject(
  session: S3Session,
  from: S3Uri,
  to: S3Uri,
  options: CallOptions = {},
  limits: CopyLimits = defaultCopyLimits,
): Promise<ObjectInfo> {
  const source = await headObject(session, from, options);
  const size = source.ContentLength ?? 0;
  if (size > limits.maxCopySize) await copyInParts(session, from, to, source, options, limits.partSize);
  else await copyWhole(session, from, to, source, options);
  return statObject(session, to, options);
}

function sourceFields(session: S3Session, from: S3Uri, source: HeadObjectCommandOutput) {
  const { VersionId = source.VersionId } = objectInput(session, from);
  const path = `${from.bucket}/${from.key}`.split("/").map(encodeURIComponent).join("/");
  return {
    CopySource: VersionId === undefined ? path : `${path}?versionId=${encodeURIComponent(VersionId)}`,
    ...(source.ETag === undefined ? {} : { CopySourceIfMatch: source.ETag }),
    ...(session.settings.requesterPays ? ({ RequestPayer: "requester" } as const) : {}),
  };
}

async function copyWhole(
  session: S3Session,
  from: S3Uri,
  to: S3Uri,
  source: HeadObjectCommandOutput,
  { signal }: CallOptions,
): Promise<void> {
  const input = { Bucket: to.bucket, Key: to.key, ...sourceFields(session, from, source) };
  await session.run({ action: "copy", uri: to, signal }, (sdk, sendOptions) =>
    sdk.send(new CopyObjectCommand(input), sendOptions),
  );
}

async function copyInParts(
  session: S3Session,
  from: S3Uri,
  to: S3Uri,
  source: HeadObjectCommandOutput,
  options: CallOptions,
  wantedPartSize: number,
): Promise<void> {
  const size = source.ContentLength ?? 0;
  const partSize = Math.max(wantedPartSize, Math.ceil(size / 10_000));
  const upload = await beginUpload(session, to, "copy", options, {
    ...(source.ContentType === undefined ? {} : { ContentType: source.ContentType }),
    ...(source.ContentEncoding === undefined ? {} : { ContentEncoding: source.ContentEncoding }),
    ...(source.Metadata === undefined ? {} : { Metadata: source.Metadata }),
  });
  await upload.finish(async (signal) => {
    const parts: CompletedPart[] = [];
    let next = 0;
    const worker = async (going: () => boolean): Promise<void> => {
      for (let start = next * partSize; start < size && going(); start = next * partSize) {
        next += 1;
        const number = next;
        const range = `bytes=${start}-${Math.min(start + partSize, size) - 1}`;
        const input = {
          Bucket: to.bucket,
          Key: to.key,
          UploadId: upload.id,
          PartNumber: number,
          CopySourceRange: range,
          ...sourceFields(session, from, source),
        };
        const answer = await session.run({ action: "copy", uri: to, signal }, (sdk, sendOptions) =>
          sdk.send(new UploadPartCopyCommand(input), sendOptions),
        );
        const etag = answer.CopyPartResult?.ETag;
        parts.push({ PartNumber: number, ...(etag === undefined ? {} : { ETag: etag }) });
      }
    };
    await allWorkers(worker, concurrentCopies);
    return parts;
  });
}
