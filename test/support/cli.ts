import type { CliContext } from "../../src/cli/cli-context.ts";
import { runCli } from "../../src/cli/run-cli.ts";
import { systemClock } from "../../src/telemetry/clock.ts";

export interface CliRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliRunOptions {
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly terminal?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Runs the command line in this process, without the environment of this machine. */
export async function runCommand(args: readonly string[], options: CliRunOptions = {}): Promise<CliRun> {
  const written = { stdout: [] as string[], stderr: [] as string[] };
  const output = (name: keyof typeof written): CliContext["stdout"] => ({
    write: async (data) => {
      written[name].push(typeof data === "string" ? data : Buffer.from(data).toString("utf8"));
    },
    isTerminal: options.terminal ?? false,
    size: () => ({ columns: 100, rows: 30 }),
  });
  const code = await runCli(args, "1.2.3", {
    stdout: output("stdout"),
    stderr: output("stderr"),
    stdin: undefined,
    env: options.env ?? {},
    clock: systemClock,
    signal: options.signal ?? new AbortController().signal,
  });
  return { code, stdout: written.stdout.join(""), stderr: written.stderr.join("") };
}
