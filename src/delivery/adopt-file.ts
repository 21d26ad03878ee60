import { constants } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { toStorageError } from "../errors.ts";
import { diskError } from "../store/disk-error.ts";
import { type FileRecord, recordOf } from "../store/file-record.ts";
import { type FileSystem, isMissing, systemErrorCode } from "../store/file-system.ts";
import { type Crc, loadCrc } from "../transfer/digest/crc.ts";
import { chooseDigestPlan, type DigestPlan } from "../transfer/digest/digest-plan.ts";
import { createSerialHash } from "../transfer/digest/serial-hash.ts";
import { UnitLedger } from "../transfer/digest/unit-ledger.ts";
import { verifyFile } from "../transfer/engine/verify-file.ts";
import { originOf, type PlannedFile } from "./planned-file.ts";

const chunkBytes = 1024 * 1024;

export interface AdoptOptions {
  readonly fileSystem: FileSystem;
  readonly signal?: AbortSignal | undefined;
  /** Bytes read since the last call. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
  /** Leave the file the mode it has. Default: read-only. */
  readonly keepMode?: boolean | undefined;
}

/**
 * Reads a file that somebody else put under its final name, once, and computes what an own transfer would have: the
 * source's proof and the CRCs of its units. Returns its record when the source's digest (or, where there is none, its
 * size) is right, after making it durable and read-only; undefined when it has to be fetched.
 */
export async function adoptFile(
  destination: string,
  file: PlannedFile,
  options: AdoptOptions,
): Promise<FileRecord | undefined> {
  const { fileSystem, signal } = options;
  const path = join(destination, file.path);
  let handle: FileHandle;
  try {
    handle = await fileSystem.open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if (isMissing(error) || systemErrorCode(error) === "ELOOP") return undefined;
    throw diskError(error, "read", path);
  }
  try {
    const before = await handle.stat({ bigint: true });
    if (!before.isFile() || before.size !== BigInt(file.size)) return undefined;
    const plan = chooseDigestPlan(file.info.digests, file.size);
    const { ledger, spanValues } = await computeDigests(handle, file.size, plan, options);
    const verdict = verifyFile(plan, ledger, spanValues);
    if (!verdict.ok) return undefined;
    await handle.sync();
    if (options.keepMode !== true) await handle.chmod(0o444).catch(() => undefined);
    const { mtimeNs, ino } = await handle.stat({ bigint: true });
    if (mtimeNs !== before.mtimeNs) return undefined;
    const whole = plan.check.by === "serial" ? { [plan.check.digest.algorithm]: plan.check.digest.value } : {};
    const adopted = {
      path: file.path,
      size: file.size,
      mtimeNs: String(mtimeNs),
      inode: String(ino),
      verification: verdict.verification,
      units: { algorithm: plan.unitAlgorithm, unitSize: plan.unitSize, values: ledger.values() },
      checksum: ledger.whole(),
      digests: whole,
      resumedBytes: 0,
      fetchedBytes: 0,
      sources: [],
    };
    return recordOf(adopted, originOf(file));
  } catch (error) {
    if (signal?.aborted) throw toStorageError(signal.reason, "verify", path);
    throw diskError(error, "read", path);
  } finally {
    await handle.close();
  }
}

/** Runs front to back, cutting at every offset where a CRC or a serial digest begins or ends. */
async function computeDigests(
  handle: FileHandle,
  size: number,
  plan: DigestPlan,
  { signal, onBytes }: AdoptOptions,
): Promise<{ readonly ledger: UnitLedger; readonly spanValues: readonly string[] }> {
  const crc: Crc = (await loadCrc(plan.unitAlgorithm))();
  const ledger = new UnitLedger(plan.unitAlgorithm, plan.unitSize, size);
  const spanValues: string[] = [];
  const spans = plan.spans.values();
  let span = spans.next().value;
  let hash = span === undefined ? undefined : createSerialHash(span.algorithm, span.end - span.start);
  const buffer = Buffer.allocUnsafe(chunkBytes);
  let pieceStart = 0;
  for (const pieceEnd of pieceEnds(size, plan)) {
    for (let at = pieceStart; at < pieceEnd; ) {
      signal?.throwIfAborted();
      const { bytesRead } = await handle.read(buffer, 0, Math.min(chunkBytes, pieceEnd - at), at);
      if (bytesRead === 0) throw Object.assign(new Error("the file became shorter"), { code: "EIO" });
      const chunk = buffer.subarray(0, bytesRead);
      crc.update(chunk);
      hash?.update(chunk);
      at += bytesRead;
      onBytes?.(bytesRead);
    }
    ledger.add(pieceStart, pieceEnd, crc.take());
    pieceStart = pieceEnd;
    if (span !== undefined && span.end === pieceEnd) {
      spanValues.push(hash?.digest("hex") ?? "");
      span = spans.next().value;
      hash = span === undefined ? undefined : createSerialHash(span.algorithm, span.end - span.start);
    }
  }
  if (size === 0) spanValues.push(...plan.spans.map(({ algorithm }) => createSerialHash(algorithm, 0).digest("hex")));
  return { ledger, spanValues };
}

function pieceEnds(size: number, plan: DigestPlan): readonly number[] {
  const ends = new Set([...plan.cuts, ...plan.spans.map(({ end }) => end)]);
  for (let end = plan.unitSize; end < size; end += plan.unitSize) ends.add(end);
  if (size > 0) ends.add(size);
  return [...ends].filter((end) => end > 0).sort((a, b) => a - b);
}
