import assert from "node:assert/strict";
import { test } from "node:test";
import { formatBytes, formatDuration } from "../../src/telemetry/human-format.ts";

test("bytes keep three digits across unit borders", () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, "0 B"],
    [999, "999 B"],
    [999.6, "1.00 KB"],
    [1000, "1.00 KB"],
    [9_994, "9.99 KB"],
    [9_996, "10.0 KB"],
    [99_960, "100 KB"],
    [999_499, "999 KB"],
    [999_500, "1.00 MB"],
    [141_234_567_890, "141 GB"],
    [3e18, "3000 PB"],
  ];
  for (const [bytes, expected] of cases) assert.equal(formatBytes(bytes), expected, String(bytes));
});

test("durations carry over: never 60 seconds, never 60 minutes", () => {
  const cases: readonly (readonly [number, string])[] = [
    [0.42, "0.4s"],
    [9.97, "10s"],
    [59.7, "1m00s"],
    [185, "3m05s"],
    [3599.8, "1h00m"],
    [7625, "2h07m"],
    [86_399, "1d00h"],
    [4 * 86_400 + 3 * 3600, "4d03h"],
    [Number.POSITIVE_INFINITY, "-"],
  ];
  for (const [seconds, expected] of cases) assert.equal(formatDuration(seconds), expected, String(seconds));
});
