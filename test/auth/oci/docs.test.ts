import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ociAuthSettings } from "../../../src/auth/oci/parameters.ts";
import type { SettingSpec } from "../../../src/auth/settings.ts";

const page = readFileSync(new URL("../../../docs/auth.md", import.meta.url), "utf8");
const section = page.split(/^## /m).find((text) => text.startsWith("Oracle Cloud")) ?? "";

const rows = section
  .split("\n")
  .filter((line) => line.startsWith("| `"))
  .map((line) => line.split("|").map((cell) => cell.trim()));

const words = (cell: string | undefined): string[] =>
  [...(cell ?? "").matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? "");

test("the page lists every setting of Oracle Cloud with its spellings, Secret entries and variables, and no other", () => {
  const settings = Object.entries<SettingSpec>(ociAuthSettings).filter(([name]) => name !== "auth");
  assert.deepEqual(rows.map((cells) => words(cells[1])[0]).sort(), settings.map(([name]) => name).sort());
  for (const [name, spec] of settings) {
    const row = rows.find((cells) => cells[1] === `\`${name}\``);
    assert.deepEqual(words(row?.[2]), [...(spec.aliases ?? [])], name);
    assert.deepEqual(words(row?.[3]), [...(spec.env ?? []), ...(spec.secretKeys ?? [])], name);
    assert.deepEqual(words(row?.[4]), [...(spec.env ?? [])], name);
  }
});
