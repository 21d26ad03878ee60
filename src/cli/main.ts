import { constants } from "node:os";
import process from "node:process";
import type { WriteStream } from "node:tty";
import { StorageError } from "../errors.ts";
import { systemClock } from "../telemetry/clock.ts";
import type { CliOutput } from "./cli-context.ts";
import { packageVersion } from "./package-version.ts";
import { runCli } from "./run-cli.ts";

const abort = new AbortController();
let interrupted: number | undefined;

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    const code = 128 + constants.signals[signal];
    if (interrupted !== undefined) process.exit(code);
    interrupted = code;
    abort.abort(
      new StorageError({
        code: "cancelled",
        operation: "run the command",
        detail: `it was stopped by ${signal === "SIGINT" ? "Ctrl-C" : signal}`,
        hint: "What was fetched is kept: run the same command again to continue.",
      }),
    );
  });
}

/** A reader that went away, as `head` does, ends the process quietly, as it ends other programs. */
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    process.exit(error.code === "EPIPE" ? 128 + constants.signals.SIGPIPE : 1);
  });
}

function output(stream: WriteStream): CliOutput {
  return {
    write: (data) => new Promise((resolve) => stream.write(data, () => resolve())),
    isTerminal: stream.isTTY === true,
    size: () => ({ columns: stream.columns ?? 80, rows: stream.rows ?? 24 }),
  };
}

const code = await runCli(process.argv.slice(2), packageVersion(), {
  stdout: output(process.stdout),
  stderr: output(process.stderr),
  stdin: process.stdin.isTTY ? process.stdin : undefined,
  env: process.env,
  clock: systemClock,
  signal: abort.signal,
});
process.exit(code === 0 ? 0 : (interrupted ?? code));
