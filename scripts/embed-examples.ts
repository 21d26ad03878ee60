import { readFileSync } from "node:fs";

const marker = /^<!-- (examples\/[\w/.-]+\.ts) -->\n+(?:```ts\n[\s\S]*?\n```\n+)?/gm;

/**
 * Puts the files that a document names by `<!-- examples/….ts -->` behind these lines, as they would read in a project of
 * one's own: imports by package name.
 */
export function embedExamples(markdown: string): string {
  const block = (_all: string, path: string) => `<!-- ${path} -->\n\n\`\`\`ts\n${asInstalled(path)}\`\`\`\n\n`;
  return `${markdown.replace(marker, block).trimEnd()}\n`;
}

function asInstalled(path: string): string {
  return readFileSync(new URL(`../${path}`, import.meta.url), "utf8")
    .replace(/^\/\/ In a project of your own: .*\n/m, "")
    .replaceAll("../../src/public/storage.ts", "model-agent/storage")
    .replaceAll("../../src/public/index.ts", "model-agent")
    .replaceAll("../../src/testing/index.ts", "model-agent/testing")
    .replace(/^import \{\n([^}]+),\n\} from .*;$/gm, onOneLine);
}

/** Shorter paths may make an import fit into a line; the formatter of the documents sees to that, too. */
function onOneLine(statement: string): string {
  const line = statement.replace(/\n +/g, " ").replace(",\n}", " }");
  return line.length <= 120 ? line : statement;
}
