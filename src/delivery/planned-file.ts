import type { Digest } from "../storage/digest.ts";
import type { ObjectInfo } from "../storage/storage.ts";
import type { FileOrigin, FileRecord } from "../store/file-record.ts";
import { describeUri } from "../uri/describe-uri.ts";

/** One file that belongs to the model, at a path that is safe. */
export interface PlannedFile {
  readonly path: string;
  readonly size: number;
  readonly info: ObjectInfo;
  /** Lower goes first. */
  readonly priority: number;
}

/** Which version of which object the file is, as a record keeps it. */
export function originOf({ info }: PlannedFile): FileOrigin {
  const { uri, etag, version, lastModified } = info;
  return {
    uri: describeUri(uri),
    ...(etag === undefined ? {} : { etag }),
    ...(version === undefined ? {} : { version }),
    ...(lastModified === undefined ? {} : { lastModified: lastModified.toISOString() }),
  };
}

/**
 * Whether a recorded file has the content that the source has now: it came from the same version of the same object, or
 * the source states a digest that was computed of it. A source that names no version is believed by its modification time.
 */
export function isSameContent(file: PlannedFile, record: FileRecord): boolean {
  if (record.size !== file.size) return false;
  const origin = originOf(file);
  if (record.origin.uri === origin.uri) {
    if (origin.version !== undefined && record.origin.version !== undefined) {
      if (origin.version === record.origin.version) return true;
    } else if (origin.etag !== undefined && record.origin.etag !== undefined) {
      if (origin.etag === record.origin.etag) return true;
    } else if (origin.lastModified !== undefined && origin.lastModified === record.origin.lastModified) {
      return true;
    }
  }
  return file.info.digests.some((digest) => digest.confidence === "stated" && isRecorded(digest, record));
}

/** Whether a recorded file was found to have this digest. */
export function isRecorded(digest: Digest, record: FileRecord): boolean {
  const { verification, digests, checksum, units } = record;
  if (digest.kind === "composite") {
    return (
      verification.by === "source" &&
      verification.kind === "composite" &&
      verification.algorithm === digest.algorithm &&
      verification.value === digest.value
    );
  }
  if (digests[digest.algorithm] === digest.value) return true;
  if (units.algorithm === digest.algorithm && checksum === digest.value) return true;
  return (
    verification.by === "source" &&
    verification.kind === "full" &&
    verification.algorithm === digest.algorithm &&
    verification.value === digest.value
  );
}
