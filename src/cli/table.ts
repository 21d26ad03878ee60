import { printable } from "./printable.ts";
import { textWidth } from "./progress/text-width.ts";

export interface Column {
  readonly title: string;
  /** Numbers stand at the right. Default `left`. */
  readonly align?: "left" | "right" | undefined;
}

/** Rows as aligned text, one line each and a heading line; no line ends in spaces. */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const cells = [columns.map((column) => column.title), ...rows.map((row) => row.map(printable))];
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => textWidth(row[index] ?? ""))));
  return cells
    .map((row) => {
      const padded = columns.map((column, index) => {
        const cell = row[index] ?? "";
        const fill = " ".repeat((widths[index] ?? 0) - textWidth(cell));
        return column.align === "right" ? fill + cell : cell + fill;
      });
      return `${padded.join("  ").trimEnd()}\n`;
    })
    .join("");
}
