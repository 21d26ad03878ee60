import assert from "node:assert/strict";
import { test } from "node:test";
import { parseBytes, parseDuration, parseWholeNumber } from "../../src/cli/parse-quantity.ts";
import { isStorageError } from "../../src/errors.ts";

const refused = (error: unknown): boolean => isStorageError(error) && error.code === "config_invalid";

test("sizes: powers of 1000, powers of 1024 with i, optional B and /s", () => {
  assert.equal(parseBytes("100M", "--x"), 100e6);
  assert.equal(parseBytes("1G", "--x"), 1e9);
  assert.equal(parseBytes("1.5Gi", "--x"), 1.5 * 2 ** 30);
  assert.equal(parseBytes("250000", "--x"), 250_000);
  assert.equal(parseBytes("80 MB/s", "--x"), 80e6);
  for (const bad of ["", "0", "-1M", "M", "10X", "1e9", "9999999T"])
    assert.throws(() => parseBytes(bad, "--x"), refused, bad);
});

test("durations", () => {
  assert.equal(parseDuration("30", "--x"), 30_000);
  assert.equal(parseDuration("1h30m", "--x"), 5_400_000);
  assert.equal(parseDuration("250ms", "--x"), 250);
  for (const bad of ["", "m", "10x", "1h 30m x", "-5s"]) assert.throws(() => parseDuration(bad, "--x"), refused, bad);
});

test("whole numbers in a range", () => {
  assert.equal(parseWholeNumber("8080", "--port", 0, 65_535), 8080);
  for (const bad of ["65536", "1.5", "x", ""]) assert.throws(() => parseWholeNumber(bad, "--port", 0, 65_535), refused);
});
