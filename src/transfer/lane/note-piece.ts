import { writeSync } from "node:fs";
import { formatRecord } from "../journal/journal-record.ts";
import type { PartSpec } from "./lane-messages.ts";
import type { Piece } from "./part-sink.ts";

/**
 * Notes a piece right after its bytes were written, from the thread that wrote them: a killed process loses no more than what
 * its connections had in flight, however busy its main thread was. The journal is open for appending, so that whole lines of
 * several threads never mix. A record that cannot be written costs nothing but that its bytes are read again one day.
 */
export function notePiece({ fd, file }: NonNullable<PartSpec["journal"]>, { start, end, crc }: Piece): void {
  try {
    writeSync(fd, formatRecord({ type: "piece", file, start, end, crc }));
  } catch {
    return;
  }
}
