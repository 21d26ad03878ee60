import type { Command } from "commander";
import { StorageError } from "../../errors.ts";
import { pathBelow } from "../../storage/path-below.ts";
import type { ObjectInfo } from "../../storage/storage.ts";
import { formatBytes } from "../../telemetry/human-format.ts";
import { describeUri } from "../../uri/describe-uri.ts";
import type { ObjectUri } from "../../uri/object-uri.ts";
import { withKey } from "../../uri/with-key.ts";
import { addFilterOptions } from "../delivery-options.ts";
import { describeObject } from "../describe-object.ts";
import { parseWholeNumber } from "../parse-quantity.ts";
import { printable } from "../printable.ts";
import type { Session } from "../session.ts";
import { addStorageOptions, openSource, type StorageFlags } from "../storage-options.ts";
import type { AddCommand } from "./add-command.ts";

interface LsFlags extends StorageFlags {
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly startAfter?: string;
  readonly maxResults?: number;
  readonly shallow?: boolean;
}

/** `ls URI`: streams a listing, one line per object, in the source's order. */
export const addLsCommand: AddCommand = (program, run) => {
  const command = program
    .command("ls")
    .summary("list objects")
    .description("Lists the objects below a URI: one line each on stdout, as they arrive.")
    .argument("<uri>", "such as s3://bucket/prefix, https://host/directory/ or a local path");
  addStorageOptions(addFilterOptions(command))
    .option("--start-after <key>", "only keys after this one")
    .option("--max-results <n>", "stop after this many objects", (text) =>
      parseWholeNumber(text, "--max-results", 1, Number.MAX_SAFE_INTEGER),
    )
    .option("--shallow", "one level only: what lies deeper is shown as its directory")
    .action(async (uri: string, flags: LsFlags, self: Command) => {
      await run(self, (session) => list(uri, flags, session));
    });
};

async function list(uri: string, flags: LsFlags, session: Session): Promise<void> {
  const { listObjects } = await import("../../storage/list-objects.ts");
  const { client, objectUri } = await openSource(uri, flags, session);
  try {
    const directory = asDirectory(objectUri);
    let objects = 0;
    let bytes = 0;
    const groups: string[] = [];
    const flushGroups = async (): Promise<void> => {
      for (const prefix of groups.splice(0)) {
        objects += 1;
        await show(session, pathBelow(directory.key, prefix), undefined);
      }
    };
    const listing = listObjects(client, directory, {
      include: flags.include,
      exclude: flags.exclude,
      startAfter: flags.startAfter,
      maxResults: flags.maxResults,
      signal: session.context.signal,
      ...(flags.shallow ? { delimiter: "/", onPrefix: ({ prefix }) => groups.push(prefix) } : {}),
    });
    for await (const object of listing) {
      await flushGroups();
      objects += 1;
      bytes += object.size;
      await show(session, pathBelow(directory.key, object.key), object);
    }
    await flushGroups();
    if (objects === 0) {
      const single = await onlyObject(session, client.stat.bind(client), objectUri);
      objects = 1;
      bytes = single.size;
      await show(session, pathBelow(objectUri.key, single.key), single);
    }
    session.say(`${objects} ${objects === 1 ? "entry" : "entries"}, ${formatBytes(bytes)}`);
  } finally {
    await client.close();
  }
}

/** A place named without its trailing slash means what lies below it, not every key that begins like it. */
function asDirectory(uri: ObjectUri): ObjectUri {
  return uri.key === "" || uri.key.endsWith("/") || uri.provider === "local" ? uri : withKey(uri, `${uri.key}/`);
}

async function onlyObject(
  session: Session,
  stat: (uri: ObjectUri, options: { signal: AbortSignal }) => Promise<ObjectInfo>,
  uri: ObjectUri,
): Promise<ObjectInfo> {
  if (uri.key !== "" && !uri.key.endsWith("/")) {
    return stat(uri, { signal: session.context.signal });
  }
  throw new StorageError({
    code: "not_found",
    operation: "list",
    target: describeUri(uri),
    detail: "nothing is there",
    hint: "Check the prefix and the filters: keys are case-sensitive.",
  });
}

async function show(session: Session, path: string, object: ObjectInfo | undefined): Promise<void> {
  if (session.format === "json") {
    await session.printJson(object === undefined ? { path, directory: true } : { path, ...describeObject(object) });
    return;
  }
  const size = object === undefined ? "-" : formatBytes(object.size);
  const time = object?.lastModified?.toISOString().slice(0, 16).replace("T", " ") ?? "-";
  await session.print(`${size.padStart(9)}  ${time.padEnd(16)}  ${printable(path)}\n`);
}
