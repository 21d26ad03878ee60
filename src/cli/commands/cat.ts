import type { Command } from "commander";
import { StorageError } from "../../errors.ts";
import { describeUri } from "../../uri/describe-uri.ts";
import { parseWholeNumber } from "../parse-quantity.ts";
import type { Session } from "../session.ts";
import { addStorageOptions, openSource, type StorageFlags } from "../storage-options.ts";
import type { AddCommand } from "./add-command.ts";

interface CatFlags extends StorageFlags {
  readonly offset?: number;
  readonly length?: number;
}

/** `cat URI`: one object's bytes on stdout. */
export const addCatCommand: AddCommand = (program, run) => {
  const count = (option: string) => (text: string) => parseWholeNumber(text, option, 0, Number.MAX_SAFE_INTEGER);
  const command = program
    .command("cat")
    .summary("write one object to stdout")
    .description(
      "Writes one object, or a range of it, to stdout. Use `pull` for large files: it is faster and verifies.",
    )
    .argument("<uri>", "one object, such as s3://bucket/llama/config.json");
  addStorageOptions(command)
    .option("--offset <bytes>", "first byte", count("--offset"))
    .option("--length <bytes>", "bytes at most", count("--length"))
    .action(async (uri: string, flags: CatFlags, self: Command) => {
      await run(self, (session) => copy(uri, flags, session));
    });
};

async function copy(uri: string, flags: CatFlags, session: Session): Promise<void> {
  const { openRead } = await import("../../storage/open-read.ts");
  const { client, objectUri } = await openSource(uri, flags, session);
  try {
    const { signal, clock, stdout } = session.context;
    const { offset, length } = flags;
    let first = true;
    for await (const chunk of openRead(client, objectUri, { offset, length, signal, clock })) {
      if (first && stdout.isTerminal && chunk.includes(0)) throw binaryOnTerminal(describeUri(objectUri));
      first = false;
      await session.print(chunk);
    }
  } finally {
    await client.close();
  }
}

function binaryOnTerminal(target: string): StorageError {
  return new StorageError({
    code: "config_invalid",
    operation: "write to the terminal",
    target,
    detail: "the object is binary",
    hint: "Redirect stdout to a file, or use `model-agent pull`.",
  });
}
