import {
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  type HeadObjectCommandInput,
  type HeadObjectCommandOutput,
  type ObjectPart,
} from "@aws-sdk/client-s3";
import { isStorageError } from "../../../errors.ts";
import type { S3Uri } from "../../../uri/object-uri.ts";
import type { Digest } from "../../digest.ts";
import type { CallOptions, ObjectInfo } from "../../storage.ts";
import { type ContentEvidence, digestsOf, type PartEvidence, parseEtag } from "./digests.ts";
import { quoted } from "./list.ts";
import type { S3Session } from "./session.ts";
import { objectInput } from "./version.ts";

/** Parts that one answer tells at most, and that an object can have. */
const partsPerPage = 1000;

/** Describes one object with every digest that S3 can tell of it, part sizes included where a digest needs them. */
export async function statObject(session: S3Session, uri: S3Uri, options: CallOptions = {}): Promise<ObjectInfo> {
  const head = await headObject(session, uri, options);
  const evidence = evidenceOf(head);
  const digests = digestsOf(evidence);
  return {
    uri,
    key: uri.key,
    size: evidence.size,
    etag: evidence.etag,
    version: head.VersionId,
    lastModified: head.LastModified,
    contentType: head.ContentType,
    contentEncoding: storedEncoding(head.ContentEncoding),
    digests: needsParts(digests)
      ? digestsOf(evidence, await partEvidence(session, uri, head, digests, options))
      : digests,
    digestsFinal: true,
    directoryMarker: evidence.size === 0 && uri.key.endsWith("/"),
  };
}

/** HEAD, and what it has no words for: a refused HEAD has no document, so that the same object is asked for one byte. */
export async function headObject(
  session: S3Session,
  uri: S3Uri,
  { signal }: CallOptions,
  more: Partial<HeadObjectCommandInput> = {},
): Promise<HeadObjectCommandOutput> {
  const call = { action: "stat", uri, signal } as const;
  const input = { ...objectInput(session, uri), ...more };
  const mode = session.checksumsAsked ? ({ ChecksumMode: "ENABLED" } as const) : {};
  try {
    return await session.run(call, (sdk, sendOptions) =>
      sdk.send(new HeadObjectCommand({ ...input, ...mode }), sendOptions),
    );
  } catch (error) {
    if (!isStorageError(error) || error.httpStatus === undefined || error.httpStatus >= 500) throw error;
    if (error.httpStatus === 400 && session.checksumsAsked && more.PartNumber === undefined) {
      const plain = await withoutChecksums(session, uri, input, signal);
      if (plain !== undefined) return plain;
    }
    await explain(session, uri, signal);
    throw error;
  }
}

/** A server that refuses the question for checksums is not asked again. */
async function withoutChecksums(
  session: S3Session,
  uri: S3Uri,
  input: HeadObjectCommandInput,
  signal: AbortSignal | undefined,
): Promise<HeadObjectCommandOutput | undefined> {
  try {
    const head = await session.run({ action: "stat", uri, signal }, (sdk, sendOptions) =>
      sdk.send(new HeadObjectCommand(input), sendOptions),
    );
    session.checksumsAsked = false;
    return head;
  } catch (error) {
    if (isStorageError(error) && error.httpStatus === 400) return undefined;
    throw error;
  }
}

/** Throws what the service says about the object when it may use words; returns when it serves the byte after all. */
async function explain(session: S3Session, uri: S3Uri, signal: AbortSignal | undefined): Promise<void> {
  const input = { ...objectInput(session, uri), Range: "bytes=0-0" };
  try {
    const answer = await session.run({ action: "stat", uri, signal }, (sdk, sendOptions) =>
      sdk.send(new GetObjectCommand(input), sendOptions),
    );
    await answer.Body?.transformToByteArray();
  } catch (error) {
    if (isStorageError(error) && error.code === "range_not_satisfiable") return;
    throw error;
  }
}

function evidenceOf(head: HeadObjectCommandOutput): ContentEvidence {
  return {
    size: head.ContentLength ?? 0,
    etag: quoted(head.ETag),
    encryption: head.ServerSideEncryption,
    customerKey: head.SSECustomerAlgorithm !== undefined,
    checksums: {
      sha256: head.ChecksumSHA256,
      sha1: head.ChecksumSHA1,
      crc64nvme: head.ChecksumCRC64NVME,
      crc32c: head.ChecksumCRC32C,
      crc32: head.ChecksumCRC32,
    },
    checksumType: head.ChecksumType,
    md5Metadata: head.Metadata?.["md5chksum"],
  };
}

/** `aws-chunked` is how an upload came; some servers repeat it as if the object were stored that way. */
function storedEncoding(encoding: string | undefined): string | undefined {
  const kept = (encoding ?? "").split(",").map((name) => name.trim());
  const left = kept.filter((name) => name !== "" && name !== "identity" && name !== "aws-chunked");
  return left.length === 0 ? undefined : left.join(", ");
}

/** Part sizes are worth a request when no digest of the whole object can be had instead. */
function needsParts(digests: readonly Digest[]): boolean {
  return digests.some((digest) => digest.kind === "composite") && !digests.some((digest) => digest.kind === "full");
}

async function partEvidence(
  session: S3Session,
  uri: S3Uri,
  head: HeadObjectCommandOutput,
  digests: readonly Digest[],
  options: CallOptions,
): Promise<PartEvidence> {
  const stated = digests.some((digest) => digest.kind === "composite" && digest.confidence === "stated");
  if (stated && session.settings.preset.objectAttributes) {
    const parts = await listedParts(session, uri, options);
    if (parts !== undefined) return { parts };
  }
  const etagCount = parseEtag(head.ETag).partCount;
  const counted = digests.find((digest) => digest.kind === "composite")?.partCount ?? etagCount;
  const partSize = counted === undefined ? undefined : await firstPartSize(session, uri, head, counted, options);
  return { partSize };
}

/** Sizes and checksums of all parts; undefined where the service or the permissions do not give them. */
async function listedParts(
  session: S3Session,
  uri: S3Uri,
  { signal }: CallOptions,
): Promise<PartEvidence["parts"] | undefined> {
  const parts: ObjectPart[] = [];
  let marker: string | undefined;
  try {
    do {
      const answer = await session.run({ action: "stat", uri, signal }, (sdk, sendOptions) =>
        sdk.send(
          new GetObjectAttributesCommand({
            ...objectInput(session, uri),
            ObjectAttributes: ["ObjectParts"],
            MaxParts: partsPerPage,
            ...(marker === undefined ? {} : { PartNumberMarker: marker }),
          }),
          sendOptions,
        ),
      );
      const page = answer.ObjectParts;
      parts.push(...(page?.Parts ?? []));
      const next = page?.IsTruncated === true ? page.NextPartNumberMarker : undefined;
      marker = next === marker ? undefined : next;
    } while (marker !== undefined);
  } catch (error) {
    const refused =
      isStorageError(error) && ["permission_denied", "unsupported", "config_invalid", "not_found"].includes(error.code);
    if (refused) return undefined;
    throw error;
  }
  if (parts.length === 0) return undefined;
  return parts.map((part) => ({
    size: part.Size ?? 0,
    checksums: {
      sha256: part.ChecksumSHA256,
      sha1: part.ChecksumSHA1,
      crc64nvme: part.ChecksumCRC64NVME,
      crc32c: part.ChecksumCRC32C,
      crc32: part.ChecksumCRC32,
    },
  }));
}

/** Size of the first part, which all but the last one usually have; undefined when the service does not know parts. */
async function firstPartSize(
  session: S3Session,
  uri: S3Uri,
  head: HeadObjectCommandOutput,
  partCount: number,
  options: CallOptions,
): Promise<number | undefined> {
  if (!session.settings.preset.partNumbers) return undefined;
  if (partCount === 1) return Math.max(1, head.ContentLength ?? 0);
  const pinned = { PartNumber: 1, ...(head.ETag === undefined ? {} : { IfMatch: head.ETag }) };
  try {
    const first = await headObject(session, uri, options, pinned);
    return first.ContentLength === head.ContentLength ? undefined : first.ContentLength;
  } catch (error) {
    if (isStorageError(error) && error.retry === "permanent" && error.code !== "cancelled") return undefined;
    throw error;
  }
}
