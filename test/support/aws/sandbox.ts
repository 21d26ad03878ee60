import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after } from "node:test";

export interface AwsSandbox {
  /** A home directory of the tests' own. */
  readonly home: string;
  /** Writes a file below the home directory and gives its path. */
  write(path: string, content: string): string;
}

/**
 * Keeps the machine's own AWS settings out of a test file: the SDK reads some of its settings from the process itself
 * (retries, SSO cache, endpoints), whatever environment it is given.
 */
export function awsSandbox(): AwsSandbox {
  const home = mkdtempSync(join(tmpdir(), "aws-home-"));
  for (const name of Object.keys(process.env)) {
    if (name.startsWith("AWS_") || /proxy/i.test(name)) delete process.env[name];
  }
  process.env["HOME"] = home;
  after(() => rmSync(home, { recursive: true, force: true }));
  return {
    home,
    write: (path, content) => {
      const file = join(home, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
      return file;
    },
  };
}
