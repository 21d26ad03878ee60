import type { Command } from "commander";
import { StorageError } from "../errors.ts";
import type { StorageClient } from "../storage/create-storage-client.ts";
import type { ObjectUri } from "../uri/object-uri.ts";
import { parseUri } from "../uri/parse-uri.ts";
import { append } from "./append.ts";
import type { Session } from "./session.ts";

/** Options of every command that reads from a source. */
export interface StorageFlags {
  readonly parameter?: readonly string[];
  readonly region?: string;
  readonly endpoint?: string;
  readonly auth?: string;
}

/** Adds `--parameter` and its shorthands. */
export function addStorageOptions(command: Command): Command {
  return command
    .option("-p, --parameter <key=value>", "setting of the provider, as in storage.parameters (repeatable)", append)
    .option("--region <region>", "short for --parameter region=…")
    .option("--endpoint <url>", "short for --parameter endpoint=…")
    .option("--auth <type>", "short for --parameter auth=…");
}

/** The provider's parameters as the command line gives them. Values that are secrets by their names are masked in all talk. */
export function parametersOf(flags: StorageFlags, session: Session): Readonly<Record<string, string>> {
  const parameters: Record<string, string> = {};
  for (const text of flags.parameter ?? []) {
    const cut = text.indexOf("=");
    if (cut <= 0) throw invalidParameter(cut < 0 ? text : "");
    const key = text.slice(0, cut);
    const value = text.slice(cut + 1);
    if (/(secret|token|password|key|sas|certificate)/i.test(key)) session.redactor.addSecret(value);
    parameters[key] = value;
  }
  for (const key of ["region", "endpoint", "auth"] as const) {
    const value = flags[key];
    if (value !== undefined) parameters[key] = value;
  }
  return parameters;
}

/** A URI as people type it: a text without a scheme is a path on this machine. */
export function parseSource(text: string): ObjectUri {
  return parseUri(text, { plainPaths: true });
}

/** Opens the storage of a URI for a command. */
export async function openSource(uri: string, flags: StorageFlags, session: Session): Promise<StorageClient> {
  const { createStorageClient } = await import("../storage/create-storage-client.ts");
  return createStorageClient({
    storageUri: parseSource(uri),
    parameters: parametersOf(flags, session),
    env: session.context.env,
    clock: session.context.clock,
    logger: session.logger,
    signal: session.context.signal,
  });
}

function invalidParameter(key: string): StorageError {
  return new StorageError({
    code: "config_invalid",
    operation: "read the command line",
    target: "--parameter",
    detail: key === "" ? "a parameter has no name" : `${JSON.stringify(key)} has no value`,
    hint: "Write it as key=value, such as --parameter region=eu-west-1.",
  });
}
