import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Command } from "commander";
import { StorageError } from "../../errors.ts";
import type { ManifestProblem } from "../../models/manifest/parse-manifests.ts";
import { append } from "../append.ts";
import { printable } from "../printable.ts";
import type { Session } from "../session.ts";
import type { AddCommand } from "./add-command.ts";

interface ValidateFlags {
  readonly modelsRoot?: string;
  readonly allowPath?: readonly string[];
  readonly strict?: boolean;
}

/** `validate FILE…`: judges manifests without network. */
export const addValidateCommand: AddCommand = (program, run) => {
  program
    .command("validate")
    .summary("check manifests without network")
    .description(
      "Checks files of BaseModel and ClusterBaseModel manifests: fields, URIs, parameters, auth types, paths, models that share one, " +
        "secrets in plain text, old spellings. Ends with 0 when there are no errors. Needs no network and no cluster.",
    )
    .argument("<file...>", "files of manifests (YAML or JSON)")
    .option("--models-root <dir>", "directory below which storage.path has to lie")
    .option("--allow-path <dir>", "further directory below which storage.path may lie (repeatable)", append)
    .option("--strict", "warnings count as errors")
    .action(async (files: readonly string[], flags: ValidateFlags, self: Command) => {
      await run(self, (session) => validate(files, flags, session));
    });
};

async function validate(files: readonly string[], flags: ValidateFlags, session: Session): Promise<void> {
  const { validateManifests } = await import("../../agent/index.ts");
  const texts = await Promise.all(files.map(async (file) => ({ file, text: await readText(file) })));
  const rules =
    flags.modelsRoot === undefined
      ? undefined
      : { modelsRoot: resolve(flags.modelsRoot), allowedPaths: (flags.allowPath ?? []).map((path) => resolve(path)) };
  const { models, problems } = await validateManifests(texts, rules);
  const count = (severity: ManifestProblem["severity"]): number =>
    problems.filter((one) => one.severity === severity).length;
  const [errors, warnings] = [count("error"), count("warning")];
  if (session.format === "json")
    await session.printJson({ files: files.length, models, errors, warnings, problems: problems.map(forPrograms) });
  else for (const one of problems) await session.print(`${describe(one)}\n`);
  session.say(
    `${plural(models, "model")} in ${plural(files.length, "file")}: ${plural(errors, "error")}, ${plural(warnings, "warning")}.`,
  );
  const refused = errors + (flags.strict === true ? warnings : 0);
  if (refused === 0) return;
  throw new StorageError({
    code: "config_invalid",
    operation: "validate",
    detail: `${plural(refused, "problem")} in ${plural(files.length, "file")}`,
    hint: "Correct what is listed above.",
  });
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new StorageError({
      code: "config_invalid",
      operation: "read manifests",
      target: file,
      detail:
        (cause as NodeJS.ErrnoException).code === "ENOENT" ? "the file does not exist" : "the file cannot be read",
      hint: "Give files of manifests, such as models/*.yaml.",
      cause,
    });
  }
}

/** The model by its name: its labels and annotations are no part of what is wrong. */
function forPrograms({ model, ...problem }: ManifestProblem): object {
  return { ...problem, model: model === undefined ? undefined : `${model.kind}/${model.metadata.name}` };
}

function describe({ file, line, column, severity, path, message }: ManifestProblem): string {
  return printable(`${file}:${line}:${column}: ${severity}: ${path === "" ? "" : `${path}: `}${message}`);
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
