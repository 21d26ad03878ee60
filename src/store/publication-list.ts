import { crc32 } from "node:zlib";
import { diskError } from "./disk-error.ts";
import { type FileRecord, fileRecordSchema } from "./file-record.ts";
import { type FileSystem, isMissing, nodeFileSystem } from "./file-system.ts";
import { layoutOf } from "./layout.ts";

/**
 * The files published since the last proof, one line each, so that an interrupted delivery need not fetch or re-read
 * them. A line is written when its file's data is durable, and carries its own checksum; a line that was lost or torn only
 * costs reading that file again.
 */
export interface PublicationList {
  append(records: readonly FileRecord[]): Promise<void>;
  /** Makes everything appended so far durable. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** Opens the list of a destination for appending; its metadata directory exists. */
export async function openPublicationList(
  destination: string,
  fileSystem: FileSystem = nodeFileSystem,
): Promise<PublicationList> {
  const { publications: path } = layoutOf(destination);
  try {
    const handle = await fileSystem.open(path, "a", 0o644);
    // A torn last line must not swallow the next one.
    await handle.appendFile("\n");
    return {
      append: async (records) => {
        await handle.appendFile(records.map(formatLine).join("")).catch((error: unknown) => {
          throw diskError(error, "write", path);
        });
      },
      sync: () => handle.datasync(),
      close: () => handle.close(),
    };
  } catch (error) {
    throw diskError(error, "write", path);
  }
}

/** Reads the list; the last record of a path counts. Damaged lines are left out. */
export async function readPublicationList(
  destination: string,
  fileSystem: FileSystem = nodeFileSystem,
): Promise<ReadonlyMap<string, FileRecord>> {
  const { publications: path } = layoutOf(destination);
  const records = new Map<string, FileRecord>();
  let text: string;
  try {
    text = await fileSystem.readFile(path, "utf8");
  } catch (error) {
    if (isMissing(error)) return records;
    throw diskError(error, "read", path);
  }
  for (const line of text.split("\n")) {
    const record = parseLine(line);
    if (record !== undefined) records.set(record.path, record);
  }
  return records;
}

/** Removes the list, once a proof holds what it held. */
export async function removePublicationList(
  destination: string,
  fileSystem: FileSystem = nodeFileSystem,
): Promise<void> {
  const { publications: path } = layoutOf(destination);
  await fileSystem.rm(path, { force: true }).catch((error: unknown) => {
    throw diskError(error, "remove", path);
  });
}

function formatLine(record: FileRecord): string {
  const body = JSON.stringify(record);
  return `${checksum(body)} ${body}\n`;
}

function parseLine(line: string): FileRecord | undefined {
  const body = line.slice(9);
  if (line.slice(0, 8) !== checksum(body)) return undefined;
  try {
    return fileRecordSchema.parse(JSON.parse(body));
  } catch {
    return undefined;
  }
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, "0");
}
