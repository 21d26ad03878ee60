import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { s3Parameters } from "../../../../src/storage/providers/s3/parameters.ts";
import { servicePresets } from "../../../../src/storage/providers/s3/service-presets.ts";

const page = await readFile(new URL("../../../../docs/providers/s3.md", import.meta.url), "utf8");

/** Cells of a table's row by its first one. */
const rows = new Map(
  page
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => {
      const cells = line.split("|").map((cell) => cell.trim().replaceAll("`", ""));
      return [cells[1] ?? "", cells.slice(2)] as const;
    }),
);

test("the table of services is the presets", () => {
  for (const [name, preset] of Object.entries(servicePresets)) {
    const row = rows.get(name);
    assert.ok(row !== undefined, `docs/providers/s3.md has no row for ${name}`);
    const address = { sdk: "the SDK's rules", given: "endpoint" }[preset.endpoint as string] ?? preset.endpoint;
    const region =
      { discovered: "the bucket is asked", required: "refused" }[preset.defaultRegion] ?? preset.defaultRegion;
    assert.deepEqual(row.slice(0, 4), [
      address,
      preset.addressingStyle === "path" ? "path" : "host",
      region,
      preset.uploadChecksum === "crc32" ? "CRC32" : "Content-MD5",
    ]);
  }
});

test("every parameter that is not about logging in has a row", () => {
  for (const name of [
    "service",
    "endpoint",
    "region",
    "addressingStyle",
    "requesterPays",
    "versionId",
    "account",
    "namespace",
  ]) {
    assert.ok(rows.has(name) && name in s3Parameters.shape, name);
  }
});
