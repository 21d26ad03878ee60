import { Command, CommanderError, Option } from "commander";
import { exitCodes, StorageError, toStorageError } from "../errors.ts";
import { type LogLevel, logLevels } from "../telemetry/create-logger.ts";
import { createRedactor } from "../telemetry/redactor.ts";
import type { CliContext } from "./cli-context.ts";
import type { AddCommand, RunCommand } from "./commands/add-command.ts";
import { addCatCommand } from "./commands/cat.ts";
import { addLsCommand } from "./commands/ls.ts";
import { addPlanCommand } from "./commands/plan.ts";
import { addPullCommand } from "./commands/pull.ts";
import { addRmCommand } from "./commands/rm.ts";
import { addRunCommand } from "./commands/run.ts";
import { addStatCommand } from "./commands/stat.ts";
import { addStatusCommand } from "./commands/status.ts";
import { addValidateCommand } from "./commands/validate.ts";
import { addVerifyCommand } from "./commands/verify.ts";
import { nameCommand } from "./name-command.ts";
import { describeError, type ErrorStyle } from "./print-error.ts";
import { createSession, type GlobalOptions } from "./session.ts";

const commands: readonly AddCommand[] = [
  addPullCommand,
  addPlanCommand,
  addLsCommand,
  addStatCommand,
  addCatCommand,
  addVerifyCommand,
  addRmCommand,
  addRunCommand,
  addStatusCommand,
  addValidateCommand,
];

/** The command line as a function: runs one command and gives the process exit code (docs/errors.md). */
export async function runCli(args: readonly string[], version: string, context: CliContext): Promise<number> {
  let redactor = createRedactor();
  const run: RunCommand = async (self, body) => {
    const session = createSession(context, self.optsWithGlobals<GlobalOptions>());
    redactor = session.redactor;
    await body(session);
  };
  const pending: Promise<void>[] = [];
  const program = new Command("model-agent")
    .description("Brings AI model weights from any cloud to the disk where they are served: fast, verified, resumable.")
    .version(version, "-V, --version", "show the version")
    .addOption(
      new Option("--format <format>", "form of data on stdout and of errors")
        .choices(["human", "json"])
        .default("human"),
    )
    .option("-q, --quiet", "no progress and no talk")
    .addOption(
      new Option("--log-level <level>", "how much is logged on stderr")
        .choices(logLevels)
        .default("warn" satisfies LogLevel),
    )
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => pending.push(context.stdout.write(text)),
      writeErr: (text) => pending.push(context.stderr.write(text)),
      outputError: () => {},
    })
    .exitOverride();
  for (const add of commands) add(program, run);
  try {
    await program.parseAsync(nameCommand(args, context.env), { from: "user" });
    return 0;
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return 0;
    if (thrown instanceof CommanderError && thrown.code === "commander.help") return exitCodes.config_invalid;
    const error = thrown instanceof CommanderError ? usageError(thrown) : toStorageError(thrown, "run", undefined);
    await context.stderr.write(redactor.redact(describeError(error, errorStyle(args, context))));
    return exitCodes[error.code];
  } finally {
    await Promise.all(pending);
  }
}

/** The style of an error must not depend on options having been understood. */
function errorStyle(args: readonly string[], { stderr, env }: CliContext): ErrorStyle {
  const has = (name: string, value: string): boolean =>
    args.some((arg, index) => arg === `${name}=${value}` || (arg === name && args[index + 1] === value));
  return {
    format: has("--format", "json") ? "json" : "human",
    color: stderr.isTerminal && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb",
    stack: has("--log-level", "debug"),
  };
}

/** `error: unknown option '--dryrun'\n(Did you mean --dry-run?)` as one of our errors. */
function usageError(error: CommanderError): StorageError {
  const [first = "", suggestion] = error.message.split("\n");
  return new StorageError({
    code: "config_invalid",
    operation: "read the command line",
    detail: first.replace(/^error: /, ""),
    hint:
      suggestion === undefined ? "See `model-agent help` and `model-agent help <command>`." : suggestion.slice(1, -1),
  });
}
