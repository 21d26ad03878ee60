import { z } from "zod";
import type { TransferredFile } from "../transfer/transfer-types.ts";
import type { PublishedFile } from "./publishing.ts";

/** Which version of which object a file came from: the same origin needs no second fetch. */
export interface FileOrigin {
  /** Redacted URI of the object. */
  readonly uri: string;
  readonly etag?: string | undefined;
  readonly version?: string | undefined;
  /** ISO 8601, UTC. */
  readonly lastModified?: string | undefined;
}

/** One published file, as the proof and the list of publications hold it. */
export interface FileRecord {
  readonly path: string;
  readonly size: number;
  readonly mtimeNs: string;
  readonly inode: string;
  readonly origin: FileOrigin;
  readonly verification: PublishedFile["verification"];
  readonly units: { readonly algorithm: UnitAlgorithm; readonly unitSize: number; readonly values: string };
  /** Whole-file checksum in `units.algorithm`. */
  readonly checksum: string;
  readonly digests: PublishedFile["digests"];
}

type UnitAlgorithm = PublishedFile["units"]["algorithm"];

const hex = z.string().regex(/^[0-9a-f]*$/);
const digestAlgorithm = z.enum(["crc32", "crc32c", "crc64nvme", "md5", "sha1", "sha256", "git-sha1"]);

/** Hexadecimal digits of one unit's value. */
const digitsOf: Readonly<Record<UnitAlgorithm, number>> = { crc32: 8, crc32c: 8, crc64nvme: 16 };

export const fileRecordSchema = z
  .object({
    path: z.string().min(1),
    size: z.int().nonnegative(),
    mtimeNs: z.string().regex(/^-?\d+$/),
    inode: z.string().regex(/^\d+$/),
    origin: z.object({
      uri: z.string(),
      etag: z.string().optional(),
      version: z.string().optional(),
      lastModified: z.string().optional(),
    }),
    verification: z.union([
      z.object({
        by: z.literal("source"),
        algorithm: digestAlgorithm,
        kind: z.enum(["full", "composite"]),
        value: hex,
      }),
      z.object({
        by: z.literal("source"),
        algorithm: z.enum(["crc64nvme", "md5"]),
        kind: z.literal("ranges"),
        rangeSize: z.int().positive(),
      }),
      z.object({ by: z.literal("size") }),
    ]),
    units: z.object({
      algorithm: z.enum(["crc32", "crc32c", "crc64nvme"]),
      unitSize: z.int().positive(),
      values: hex,
    }),
    checksum: hex,
    digests: z.partialRecord(digestAlgorithm, hex),
  })
  .refine(({ size, units }) => {
    return units.values.length === Math.ceil(size / units.unitSize) * digitsOf[units.algorithm];
  }, "the unit values do not cover the file");

/** The record of a file that was just published. */
export function recordOf(file: PublishedFile, origin: FileOrigin): FileRecord {
  const { path, size, mtimeNs, inode, verification, units, checksum, digests } = file;
  return {
    path,
    size,
    mtimeNs,
    inode,
    origin,
    verification,
    units: { algorithm: units.algorithm, unitSize: units.unitSize, values: units.values.join("") },
    checksum,
    digests,
  };
}

/** A recorded file as a transfer would have left it, for publishing it again under another name. */
export function transferredOf(record: FileRecord, path: string): TransferredFile {
  const { size, verification, units, checksum, digests } = record;
  const values = Array.from({ length: Math.ceil(size / units.unitSize) }, (_, index) => unitValue(record, index));
  return {
    path,
    size,
    verification,
    units: { algorithm: units.algorithm, unitSize: units.unitSize, values },
    checksum,
    digests,
    resumedBytes: 0,
    fetchedBytes: 0,
    sources: [],
  };
}

/** The CRC of one unit as the record holds it, in lower-case hexadecimal. */
export function unitValue({ units }: FileRecord, index: number): string {
  const digits = digitsOf[units.algorithm];
  return units.values.slice(index * digits, (index + 1) * digits);
}
