import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Environment } from "../../provider-definition.ts";

/**
 * The region of a profile in the shared configuration files (`AWS_CONFIG_FILE`, `AWS_SHARED_CREDENTIALS_FILE`, below `HOME`
 * by default); undefined when there is none, or no such file.
 */
export async function profileRegion(env: Environment, profile: string | undefined): Promise<string | undefined> {
  const name = profile ?? env["AWS_PROFILE"] ?? "default";
  const home = env["HOME"];
  const files = [
    { path: env["AWS_CONFIG_FILE"] ?? (home && join(home, ".aws", "config")), sections: [`profile ${name}`, name] },
    { path: env["AWS_SHARED_CREDENTIALS_FILE"] ?? (home && join(home, ".aws", "credentials")), sections: [name] },
  ];
  for (const { path, sections } of files) {
    const region = path ? findRegion(await textOf(path), sections) : undefined;
    if (region !== undefined) return region;
  }
  return undefined;
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch {
    // Who needs the file for the login hears about it there.
    return "";
  }
}

/** First `region` of the named sections in a file of `[section]` headers and `key = value` lines. */
export function findRegion(text: string, sections: readonly string[]): string | undefined {
  let inSection = false;
  for (const line of text.split(/\r?\n/)) {
    const header = /^\s*\[\s*(.*?)\s*\]/.exec(line)?.[1];
    if (header !== undefined) inSection = sections.includes(header.replace(/\s+/g, " "));
    const region = /^region\s*=\s*([^\s#;]+)/.exec(line)?.[1];
    if (inSection && region !== undefined) return region;
  }
  return undefined;
}
