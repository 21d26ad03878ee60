import assert from "node:assert/strict";
import { test } from "node:test";
import { createLiveRegion } from "../../../src/cli/progress/live-region.ts";

/** A terminal that understands what the region writes: rows of cells, a cursor, wrapping at the right edge. */
function fakeTerminal(columns: number): { screen: () => readonly string[]; write: (text: string) => void } {
  let rows: string[] = [""];
  let row = 0;
  let column = 0;
  return {
    screen: () =>
      rows.map((text) => text.trimEnd()).filter((text, index, all) => text !== "" || index < all.length - 1),
    write: (text) => {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is parsed
      for (const token of text.match(/\u001b\[\d*[A-Z]|\u001b\[\d*m|[\s\S]/g) ?? []) {
        const up = /\[(\d+)A$/.exec(token);
        if (up) row = Math.max(row - Number(up[1]), 0);
        else if (token === "\u001b[K") rows[row] = (rows[row] ?? "").slice(0, column);
        else if (token === "\u001b[J") rows = [...rows.slice(0, row), (rows[row] ?? "").slice(0, column)];
        else if (token === "\r") column = 0;
        else if (token === "\n") {
          row += 1;
          column = 0;
          rows[row] ??= "";
        } else if (!token.startsWith("\u001b")) {
          if (column === columns) {
            row += 1;
            column = 0;
          }
          rows[row] = (rows[row] ?? "").padEnd(column).slice(0, column) + token + (rows[row] ?? "").slice(column + 1);
          column += 1;
        }
      }
    },
  };
}

test("frames replace each other, talk stays above, the end leaves nothing", () => {
  const terminal = fakeTerminal(40);
  const region = createLiveRegion({ write: terminal.write, columns: () => 40 });
  region.write("before\n");
  region.draw(["file a 10%", "file b 20%", "total"]);
  region.draw(["file b 30%", "total"]);
  assert.deepEqual(terminal.screen(), ["before", "file b 30%", "total"]);
  region.write("a warning\n");
  assert.deepEqual(terminal.screen(), ["before", "a warning", "file b 30%", "total"]);
  region.draw(["file b 40%", "file c 1%", "total"]);
  assert.deepEqual(terminal.screen(), ["before", "a warning", "file b 40%", "file c 1%", "total"]);
  region.clear();
  assert.deepEqual(terminal.screen(), ["before", "a warning"]);
});

test("a frame is one write that never blanks a line before it draws it", () => {
  const writes: string[] = [];
  const region = createLiveRegion({ write: (text) => writes.push(text), columns: () => 80 });
  region.draw(["one", "two"]);
  region.draw(["three", "four"]);
  assert.deepEqual(writes, ["one\u001b[K\ntwo\u001b[K\n\u001b[J", "\u001b[2A\rthree\u001b[K\nfour\u001b[K\n\u001b[J"]);
});

test("after the terminal became narrower, the wrapped rows of the old frame are taken back", () => {
  const terminal = fakeTerminal(10);
  const region = createLiveRegion({ write: terminal.write, columns: () => 10 });
  region.draw(["0123456789abcdef", "total"]);
  region.draw(["short", "total"]);
  assert.deepEqual(terminal.screen(), ["short", "total"]);
});
