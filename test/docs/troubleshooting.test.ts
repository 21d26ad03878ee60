import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { glob, readFile } from "node:fs/promises";
import { test } from "node:test";

const root = new URL("../../", import.meta.url);

test("every error text of the troubleshooting page is one that the program prints", async () => {
  const page = await readFile(new URL("docs/troubleshooting.md", root), "utf8");
  let sources = "";
  for await (const path of glob("src/**/*.ts", { cwd: root.pathname, exclude: (name) => name.includes("testing") })) {
    sources += await readFile(new URL(path, root), "utf8");
  }
  const quoted = [...page.matchAll(/^\| `([^`]+)` \|/gm)].map(([, text]) => text ?? "");
  assert.ok(quoted.length > 35);
  for (const text of quoted) {
    for (const piece of text.split("…").map((part) =>
      part
        .trim()
        .replace(/^\)|\($/g, "")
        .trim(),
    )) {
      if (piece.length > 2) assert.ok(sources.includes(piece), `${text}: nothing prints "${piece}"`);
    }
  }
});

test("every error text of the troubleshooting page is asserted by a test that causes the problem", async () => {
  const page = await readFile(new URL("docs/troubleshooting.md", root), "utf8");
  let tests = "";
  for await (const path of glob("test/**/*.ts", { cwd: root.pathname })) {
    if (path !== "test/docs/troubleshooting.test.ts") tests += await readFile(new URL(path, root), "utf8");
  }
  // As regular expressions have them.
  const plain = tests.replace(/\\([.()/])/g, "$1");
  for (const [, text = ""] of page.matchAll(/^\| `([^`]+)` \|/gm)) {
    const pieces = text.split("…").map((part) => part.trim().replace(/^\)|\($/g, ""));
    for (const piece of pieces) assert.ok(plain.includes(piece.trim()), `no test causes "${text}"`);
  }
});

test("links between the documents lead somewhere", async () => {
  for await (const path of glob("{README.md,CONTRIBUTING.md,docs/**/*.md,bench/README.md}", { cwd: root.pathname })) {
    const base = new URL(path, root);
    const text = (await readFile(base, "utf8")).replace(/```.*?```/gs, "");
    for (const [, target = ""] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^(https?:|#|mailto:)/.test(target)) continue;
      const url = new URL(target.split("#")[0] ?? "", base);
      assert.ok(existsSync(url), `${path} links to ${target}`);
    }
  }
});
