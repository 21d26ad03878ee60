import { stripVTControlCharacters } from "node:util";
import { textWidth } from "./text-width.ts";

/** The last lines of a terminal, redrawn in place; text written above them scrolls away as usual. */
export interface LiveRegion {
  /** Replaces what the region shows. */
  draw(lines: readonly string[]): void;
  /** Writes whole lines above the region. */
  write(text: string): void;
  /** Removes the region from the screen. */
  clear(): void;
}

export interface LiveRegionOptions {
  readonly write: (text: string) => void;
  /** Present width of the terminal; asked at every redraw, because it changes. */
  readonly columns: () => number;
}

/**
 * Each frame is one write: up to the region's first line, every line with the rest of it erased, then everything below erased;
 * nothing is blanked first, so nothing flickers. After a terminal became narrower its old lines wrapped: they are counted as
 * the rows that they now take.
 */
export function createLiveRegion(options: LiveRegionOptions): LiveRegion {
  let shown: readonly string[] = [];
  const toTop = (): string => {
    const columns = Math.max(options.columns(), 1);
    const rows = shown.reduce((sum, line) => {
      return sum + Math.max(Math.ceil(textWidth(stripVTControlCharacters(line)) / columns), 1);
    }, 0);
    return rows === 0 ? "" : `\u001b[${rows}A\r`;
  };
  const body = (lines: readonly string[]): string => lines.map((line) => `${line}\u001b[K\n`).join("");
  return {
    draw: (lines) => {
      options.write(`${toTop()}${body(lines)}\u001b[J`);
      shown = lines;
    },
    write: (text) => {
      if (shown.length === 0) {
        options.write(text);
        return;
      }
      const above = text.endsWith("\n") ? text : `${text}\n`;
      options.write(`${toTop()}\u001b[J${above}${body(shown)}`);
    },
    clear: () => {
      if (shown.length > 0) options.write(`${toTop()}\u001b[J`);
      shown = [];
    },
  };
}
