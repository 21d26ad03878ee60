import { readFileSync, writeFileSync } from "node:fs";
import { embedExamples } from "./embed-examples.ts";

for (const name of ["docs/storage.md", "docs/plugins.md"]) {
  const path = new URL(`../${name}`, import.meta.url);
  writeFileSync(path, embedExamples(readFileSync(path, "utf8")));
}
