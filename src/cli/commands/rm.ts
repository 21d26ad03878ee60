import { resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import type { Command } from "commander";
import { StorageError } from "../../errors.ts";
import { formatBytes } from "../../telemetry/human-format.ts";
import type { Session } from "../session.ts";
import type { AddCommand } from "./add-command.ts";

interface RmFlags {
  readonly yes?: boolean;
}

/** `rm DIR`: removes a delivered model. */
export const addRmCommand: AddCommand = (program, run) => {
  program
    .command("rm")
    .summary("remove a delivered model")
    .description("Removes what model-agent brought to a directory, finished or not. Files of others are left.")
    .argument("<dir>", "directory of the model")
    .option("-y, --yes", "do not ask")
    .action(async (dir: string, flags: RmFlags, self: Command) => {
      await run(self, (session) => remove(resolve(dir), flags, session));
    });
};

async function remove(directory: string, flags: RmFlags, session: Session): Promise<void> {
  const { signal, clock } = session.context;
  if (flags.yes !== true) await confirm(directory, session);
  const { removeModel } = await import("../../store/remove-model.ts");
  const removed = await removeModel({ directory, signal, clock });
  if (!removed.existed) {
    throw new StorageError({
      code: "not_found",
      operation: "remove",
      target: directory,
      detail: "there is no such directory",
      hint: "Check the path.",
    });
  }
  if (session.format === "json") await session.printJson({ directory, ...removed });
  session.say(`removed ${removed.files} files, ${formatBytes(removed.bytes)} from ${directory}`);
  if (removed.kept.length > 0)
    session.say(`left ${removed.kept.length} that model-agent did not bring, such as ${removed.kept[0]}`);
}

async function confirm(directory: string, session: Session): Promise<void> {
  const { stdin, stderr, signal } = session.context;
  const { readProof } = await import("../../store/proof.ts");
  const proof = await readProof(directory);
  const what =
    proof === undefined ? "what was brought" : `${proof.totals.files} files, ${formatBytes(proof.totals.bytes)},`;
  if (stdin === undefined || !stderr.isTerminal)
    throw notConfirmed("config_invalid", directory, "nobody can be asked", "Say --yes.");
  const question = createInterface({ input: stdin, output: process.stderr });
  try {
    const answer = await question.question(`Remove ${what} from ${directory}? [y/N] `, { signal });
    if (!/^y(es)?$/i.test(answer.trim()))
      throw notConfirmed("cancelled", directory, "it was not confirmed", "Answer y, or say --yes.");
  } finally {
    question.close();
  }
}

function notConfirmed(
  code: "cancelled" | "config_invalid",
  target: string,
  detail: string,
  hint: string,
): StorageError {
  return new StorageError({ code, operation: "remove", target, detail, hint });
}
