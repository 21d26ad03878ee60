import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const checkout = fileURLToPath(new URL("../../", import.meta.url));

async function markdownFiles(): Promise<readonly string[]> {
  const top = (await readdir(checkout)).filter((name) => name.endsWith(".md"));
  const below = await Promise.all(
    ["docs", "bench", "deploy", "examples"].map(async (folder) =>
      (await readdir(join(checkout, folder), { recursive: true }))
        .filter((name) => name.endsWith(".md"))
        .map((name) => join(folder, name)),
    ),
  );
  return [...top, ...below.flat()].map((name) => join(checkout, name));
}

/** Headings as GitHub makes anchors of them. */
function anchorsOf(text: string): ReadonlySet<string> {
  return new Set(
    [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, "")
        .trim()
        .replaceAll(" ", "-"),
    ),
  );
}

test("links between documents lead somewhere", async () => {
  const broken: string[] = [];
  for (const file of await markdownFiles()) {
    const text = (await readFile(file, "utf8")).replace(/^```.*?^```/gms, "").replace(/`[^`\n]*`/g, "");
    for (const [, target = ""] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [path = "", anchor] = target.split("#");
      const place = path === "" ? file : resolve(dirname(file), path);
      const known =
        existsSync(place) &&
        (anchor === undefined || anchorsOf(await readFile(place, "utf8")).has(decodeURIComponent(anchor)));
      if (!known) broken.push(`${relative(checkout, file)}: ${target}`);
    }
  }
  assert.deepEqual(broken, []);
});

test("decisions have numbers of their own, in their names and in their headings", async () => {
  const names = (await readdir(join(checkout, "docs", "decisions"))).sort();
  const numbers = new Set<string>();
  for (const name of names) {
    const [, number = ""] = /^(\d{4})-[a-z0-9]+(?:-[a-z0-9]+)*\.md$/.exec(name) ?? [];
    assert.notEqual(number, "", name);
    assert.ok(!numbers.has(number), `${name}: another decision has this number`);
    numbers.add(number);
    const text = await readFile(join(checkout, "docs", "decisions", name), "utf8");
    assert.match(text, new RegExp(`^# 0*${Number(number)}[.:]? `), basename(name));
  }
});

test("decisions that documents and sources speak of exist", async () => {
  const numbers = new Set((await readdir(join(checkout, "docs", "decisions"))).map((name) => name.slice(0, 4)));
  const sources = (await readdir(join(checkout, "src"), { recursive: true }))
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(checkout, "src", name));
  for (const file of [...(await markdownFiles()), ...sources]) {
    for (const [, number = ""] of (await readFile(file, "utf8")).matchAll(/\bdecision (\d{4})\b/gi)) {
      assert.ok(numbers.has(number), `${relative(checkout, file)}: decision ${number}`);
    }
  }
});
