import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Path of a program, looked for on this machine's PATH unless it is a path itself; undefined when there is none. */
export function findTool(name: string, path = process.env["PATH"] ?? ""): string | undefined {
  if (name.includes("/")) return existsSync(name) ? name : undefined;
  return path
    .split(delimiter)
    .map((directory) => join(directory, name))
    .find((candidate) => existsSync(candidate));
}

/** What `skip` of a test takes: false when the tool is there, else a line that says what is missing. */
export function skipWithout(name: string): string | false {
  return findTool(name) === undefined && `${name} is not installed on this machine`;
}

/** Runs a tool with nothing of the outer environment but PATH and HOME; gives its standard output, fails with its standard error. */
export function runTool(
  name: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { PATH = "", HOME = "" } = process.env;
  return new Promise((resolve, reject) => {
    const options = { env: { PATH, HOME, LC_ALL: "C.UTF-8", ...env }, timeout: 120_000, maxBuffer: 64 * 1024 ** 2 };
    execFile(name, [...args], options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${name} ${args.join(" ")}: ${stderr || error.message}`));
    });
  });
}
