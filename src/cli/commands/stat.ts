import type { Command } from "commander";
import type { ObjectInfo } from "../../storage/storage.ts";
import { formatBytes } from "../../telemetry/human-format.ts";
import { describeUri } from "../../uri/describe-uri.ts";
import { describeDigests, describeObject } from "../describe-object.ts";
import { printable } from "../printable.ts";
import { addStorageOptions, openSource, type StorageFlags } from "../storage-options.ts";
import type { AddCommand } from "./add-command.ts";

/** `stat URI`: what the source says of one object, with every digest that it offers. */
export const addStatCommand: AddCommand = (program, run) => {
  const command = program
    .command("stat")
    .summary("describe one object")
    .description("Shows size, version and digests of one object.")
    .argument("<uri>", "one object, such as s3://bucket/llama/config.json");
  addStorageOptions(command).action(async (uri: string, flags: StorageFlags, self: Command) => {
    await run(self, async (session) => {
      const { client, objectUri } = await openSource(uri, flags, session);
      try {
        const object = await client.stat(objectUri, { signal: session.context.signal });
        if (session.format === "json") await session.printJson(describeObject(object));
        else await session.print(describe(object));
      } finally {
        await client.close();
      }
    });
  });
};

function describe(object: ObjectInfo): string {
  const digests = describeDigests(object);
  const facts: readonly (readonly [string, string | undefined])[] = [
    ["size", `${object.size} bytes (${formatBytes(object.size)})`],
    ["modified", object.lastModified?.toISOString()],
    ["etag", object.etag],
    ["version", object.version],
    ["type", object.contentType],
    ["encoding", object.contentEncoding],
    ...digests.map((digest, index) => [index === 0 ? "digests" : "", digest] as const),
  ];
  const lines = facts.flatMap(([name, value]) =>
    value === undefined ? [] : [`${name.padEnd(9)} ${printable(value)}`],
  );
  return `${[printable(describeUri(object.uri)), ...lines].join("\n")}\n`;
}
