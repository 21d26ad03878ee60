import { formatBytes, formatDuration, formatRate } from "../../telemetry/human-format.ts";
import type { DownloadProgress, FileProgress } from "../../telemetry/progress.ts";
import { printable } from "../printable.ts";
import { fitText, textWidth } from "./text-width.ts";

export interface ProgressStyle {
  /** Columns of the terminal; no line is longer than one less. */
  readonly columns: number;
  /** Lines that may be drawn at most, the total included. */
  readonly rows: number;
  /** Bars of block characters; `#` otherwise. */
  readonly unicode: boolean;
  readonly color: boolean;
}

const largestBar = 30;
const smallestBar = 8;
const nameColumns = { smallest: 20, largest: 44 };
/** `4.00 GB / 16.0 GB`, at most. */
const amountColumns = 19;

/** Columns of every line's parts, equal for all lines of a frame so that they stand under each other. */
interface Layout {
  readonly name: number;
  /** 0 when there is no room for a bar. */
  readonly bar: number;
  readonly pace: number;
}

/** What a terminal shows of a download: one line per active file, then the total with rate and time left. */
export function progressLines(progress: DownloadProgress, style: ProgressStyle): readonly string[] {
  const total = `Total ${progress.completedFiles}/${progress.totalFiles} files`;
  if (progress.phase === "scanning") return [fitLine("Looking at the source …", style)];
  const room = Math.max(style.rows - 1, 0);
  const files = progress.activeFiles.map((file) => ({ ...file, path: printable(file.path) }));
  const shown = files.length <= room ? files : files.slice(0, Math.max(room - 1, 0));
  const hidden = files.length - shown.length;
  const pace = paceText(progress);
  const layout = chooseLayout([total, ...shown.map((file) => file.path)], pace.length, style);
  const lines = shown.map((file) => line(file, "", layout, style));
  if (hidden > 0 && room > 0) lines.push(dim(fitLine(`… and ${hidden} more`, style), style));
  const sum = { path: total, size: progress.totalBytes, completedBytes: progress.completedBytes };
  return [...lines, line(sum, pace, layout, style)];
}

/** Seconds until all bytes are there at the present rate; undefined while nothing moves. */
export function secondsLeft(progress: DownloadProgress): number | undefined {
  if (progress.bytesPerSecond <= 0 || progress.totalBytes <= 0) return undefined;
  return Math.max(progress.totalBytes - progress.completedBytes, 0) / progress.bytesPerSecond;
}

function paceText(progress: DownloadProgress): string {
  if (progress.phase === "finalizing") return "  finishing";
  const left = secondsLeft(progress);
  const time = left === undefined ? "" : `${formatDuration(left)} left`;
  return `  ${formatRate(progress.bytesPerSecond).padStart(9)}  ${time.padEnd(11)}`;
}

/** Names get what they need within limits, the bar the rest; a bar that would be too short is left out. */
function chooseLayout(names: readonly string[], pace: number, style: ProgressStyle): Layout {
  const free = style.columns - 1 - "  100%  ".length - amountColumns - pace;
  const wanted = Math.max(...names.map(textWidth));
  const name = Math.min(Math.max(wanted, nameColumns.smallest), nameColumns.largest);
  const bar = Math.min(free - 2 - name, largestBar);
  return bar < smallestBar ? { name: free, bar: 0, pace } : { name, bar, pace };
}

function line(file: FileProgress, pace: string, layout: Layout, style: ProgressStyle): string {
  const ratio = file.size > 0 ? Math.min(file.completedBytes / file.size, 1) : 1;
  const percent = `${Math.floor(ratio * 100)}%`.padStart(4);
  if (layout.name < 4) return fitLine(`${percent.trim()} ${file.path}`, style);
  const amounts = `${formatBytes(file.completedBytes)} / ${formatBytes(file.size)}`.padStart(amountColumns);
  const filled = layout.bar === 0 ? "" : `  ${bar(ratio, layout.bar, style)}`;
  return `${fitText(file.path, layout.name)}${filled}  ${percent}  ${amounts}${pace}`.trimEnd();
}

function bar(ratio: number, columns: number, style: ProgressStyle): string {
  const filled = Math.floor(ratio * columns);
  return style.unicode
    ? "━".repeat(filled) + dim("─".repeat(columns - filled), style)
    : "#".repeat(filled) + ".".repeat(columns - filled);
}

function fitLine(text: string, style: ProgressStyle): string {
  return fitText(text, Math.max(style.columns - 1, 1)).trimEnd();
}

function dim(text: string, style: ProgressStyle): string {
  return style.color && text !== "" ? `\u001b[2m${text}\u001b[22m` : text;
}
