import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { authTypes } from "../../src/auth/auth-types.ts";
import { awsAuthSettings } from "../../src/auth/aws/parameters.ts";
import { azureAuthSettings } from "../../src/auth/azure/parameters.ts";
import { gcpAuthSettings } from "../../src/auth/gcp/parameters.ts";
import { githubAuthSettings } from "../../src/auth/github/parameters.ts";
import { huggingfaceAuthSettings } from "../../src/auth/huggingface/parameters.ts";
import type { SettingSpec } from "../../src/auth/settings.ts";

const page = readFileSync(new URL("../../docs/auth.md", import.meta.url), "utf8");

/** Rows of the tables as cells; code marks removed from the first cell. */
const rows = page
  .split("\n")
  .filter((line) => line.startsWith("|"))
  .map((line) => line.split("|").map((cell) => cell.trim()));

const words = (cell: string | undefined): string[] =>
  [...(cell ?? "").matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? "");

test("the page lists every auth type and spelling of every provider, and no other", () => {
  for (const [provider, table] of Object.entries(authTypes)) {
    const row = rows.find((cells) => cells[1] === provider);
    assert.deepEqual(words(row?.[2]), [table.default], provider);
    assert.deepEqual(words(row?.[3]), Object.keys(table.types), provider);
    const aliases = Object.values<readonly string[]>(table.types).flat();
    assert.deepEqual(words(row?.[4]), [...new Set(aliases)], provider);
  }
});

test("the page lists every AWS setting with its spellings, Secret entries and variables", () => {
  for (const [name, spec] of Object.entries<SettingSpec>(awsAuthSettings)) {
    if (name === "auth") continue;
    const row = rows.find((cells) => cells[1] === `\`${name}\``);
    assert.deepEqual(words(row?.[2]), [...(spec.aliases ?? [])], name);
    assert.deepEqual(words(row?.[3]), [...(spec.env ?? []), ...(spec.secretKeys ?? [])], name);
    assert.deepEqual(words(row?.[4]), [...(spec.env ?? [])], name);
  }
});

test("the page lists the settings of token logins with their Secret entries and variables", () => {
  for (const [title, table] of [
    ["Hugging Face", huggingfaceAuthSettings],
    ["GitHub", githubAuthSettings],
  ] as const) {
    const section = page.split("\n## ").find((part) => part.startsWith(`${title}\n`)) ?? "";
    const { env }: SettingSpec = table.token;
    const row = section.split("\n").find((line) => line.startsWith("| `token` |"));
    const cells = row?.split("|").map((cell) => cell.trim()) ?? [];
    assert.deepEqual(words(cells[3]), [...(env ?? [])], title);
    assert.deepEqual(words(cells[4]), [...(env ?? [])], title);
    assert.deepEqual(Object.keys(table), ["auth", "token"]);
  }
});

for (const [title, settings] of [
  ["Google Cloud", gcpAuthSettings],
  ["Azure", azureAuthSettings],
] as const) {
  test(`the page lists every setting of ${title} with its spellings, Secret entries and variables`, () => {
    const section = page.split("\n## ").find((part) => part.startsWith(`${title}\n`)) ?? "";
    for (const [name, spec] of Object.entries<SettingSpec>(settings)) {
      if (name === "auth") continue;
      const cells = section
        .split("\n")
        .find((line) => line.startsWith(`| \`${name}\` |`))
        ?.split("|");
      assert.deepEqual(words(cells?.[2]), [...(spec.aliases ?? [])], name);
      assert.deepEqual(words(cells?.[3]), [...(spec.env ?? []), ...(spec.secretKeys ?? [])], name);
      assert.deepEqual(words(cells?.[4]), [...(spec.env ?? [])], name);
    }
  });
}
