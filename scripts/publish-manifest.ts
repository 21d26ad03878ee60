/**
 * The manifest as it is published: without the pinned Node packages, which are for checkouts, and without what only development needs.
 * `strip` before packing, `restore` after it.
 */
import { copyFile, readFile, rename, writeFile } from "node:fs/promises";

const manifest = new URL("../package.json", import.meta.url);
const kept = new URL("../.package.json.kept", import.meta.url);

const [action] = process.argv.slice(2);
if (action === "strip") {
  await copyFile(manifest, kept);
  const {
    devDependencies: _,
    optionalDependencies: __,
    allowScripts: ___,
    scripts: ____,
    ...published
  } = JSON.parse(await readFile(manifest, "utf8"));
  await writeFile(manifest, `${JSON.stringify(published, null, 2)}\n`);
} else if (action === "restore") {
  await rename(kept, manifest);
} else {
  throw new Error("usage: publish-manifest.ts strip|restore");
}
