import assert from "node:assert/strict";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { progressLines } from "../../../src/cli/progress/progress-lines.ts";
import { fitText, textWidth } from "../../../src/cli/progress/text-width.ts";
import type { DownloadProgress } from "../../../src/telemetry/progress.ts";

const style = { columns: 100, rows: 10, unicode: true, color: false };
const progress: DownloadProgress = {
  phase: "downloading",
  totalBytes: 16_000_000_000,
  completedBytes: 6_000_000_000,
  totalFiles: 12,
  completedFiles: 8,
  bytesPerSecond: 800_000_000,
  activeFiles: [
    { path: "model-00001-of-00004.safetensors", size: 4_000_000_000, completedBytes: 1_000_000_000 },
    { path: "model-00002-of-00004.safetensors", size: 4_000_000_000, completedBytes: 0 },
  ],
};

test("one line per active file, then the total with rate and time left", () => {
  assert.deepEqual(progressLines(progress, { ...style, columns: 120 }), [
    "model-00001-of-00004.safetensors  ━━━━━━━───────────────────────   25%    1.00 GB / 4.00 GB",
    "model-00002-of-00004.safetensors  ──────────────────────────────    0%        0 B / 4.00 GB",
    "Total 8/12 files                  ━━━━━━━━━━━───────────────────   37%    6.00 GB / 16.0 GB   800 MB/s  13s left",
  ]);
});

test("on a narrow terminal the bar goes first, then the names shrink", () => {
  assert.deepEqual(progressLines(progress, { ...style, columns: 80 }), [
    "model-00001-o…04.safetensors   25%    1.00 GB / 4.00 GB",
    "model-00002-o…04.safetensors    0%        0 B / 4.00 GB",
    "Total 8/12 files               37%    6.00 GB / 16.0 GB   800 MB/s  13s left",
  ]);
});

test("more files than lines are counted in one line", () => {
  const many = Array.from({ length: 20 }, (_, index) => ({ path: `f${index}`, size: 10, completedBytes: 1 }));
  const lines = progressLines({ ...progress, activeFiles: many }, { ...style, rows: 5 });
  assert.equal(lines.length, 5);
  assert.match(lines[3] ?? "", /^… and 17 more$/);
});

test("no line is ever as wide as the terminal, whatever the names", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 200 }),
      fc.integer({ min: 1, max: 20 }),
      fc.array(fc.string({ unit: "binary", maxLength: 80 }), { maxLength: 8 }),
      fc.boolean(),
      fc.boolean(),
      (columns, rows, names, unicode, color) => {
        const activeFiles = names.map((path) => ({ path, size: 5_000_000_000, completedBytes: 123_456_789 }));
        const lines = progressLines({ ...progress, activeFiles }, { columns, rows, unicode, color });
        assert.ok(lines.length <= rows || rows === 0);
        for (const line of lines) {
          assert.ok(textWidth(stripVTControlCharacters(line)) <= Math.max(columns - 1, 1), JSON.stringify(line));
          assert.ok(!["\n", "\r", "\u0007"].some((control) => line.includes(control)));
        }
      },
    ),
  );
});

test("a long name keeps its beginning and its end", () => {
  assert.match(fitText("model-00001-of-00004.safetensors", 16), /^model-0.*….*tensors$/);
  assert.equal(textWidth(fitText("模型权重文件名很长很长", 9)), 9);
});
