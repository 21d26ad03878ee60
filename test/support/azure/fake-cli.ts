import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface FakeCli {
  /** A PATH on which `az` is this one. */
  readonly path: string;
  /** What the next calls print and end with. */
  answer(answer: { readonly stdout?: string; readonly stderr?: string; readonly code?: number }): Promise<void>;
  /** Arguments of every call so far, one line each. */
  calls(): Promise<readonly string[]>;
}

/** An Azure CLI that prints what it is told. */
export async function createFakeCli(directory: string): Promise<FakeCli> {
  const file = (name: string): string => join(directory, name);
  await writeFile(
    file("az"),
    `#!/bin/sh\necho "$@" >> "${file("calls")}"\ncat "${file("stderr")}" >&2\ncat "${file("stdout")}"\nexit $(cat "${file("code")}")\n`,
  );
  await chmod(file("az"), 0o755);
  return {
    path: `${directory}:/usr/bin:/bin`,
    answer: async ({ stdout = "", stderr = "", code = 0 }) => {
      await Promise.all([
        writeFile(file("stdout"), stdout),
        writeFile(file("stderr"), stderr),
        writeFile(file("code"), String(code)),
      ]);
    },
    calls: async () => (await readFile(file("calls"), "utf8").catch(() => "")).split("\n").filter(Boolean),
  };
}

/** What `az account get-access-token` prints. */
export function cliToken(accessToken: string, expiresOn: number): string {
  return JSON.stringify({ accessToken, expires_on: Math.floor(expiresOn / 1000), tokenType: "Bearer" });
}
