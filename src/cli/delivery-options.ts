import { resolve } from "node:path";
import { type Command, Option } from "commander";
import type { DeliveryPlace } from "../delivery/delivery-types.ts";
import { append } from "./append.ts";
import type { Session } from "./session.ts";
import { addStorageOptions, parametersOf, parseSource, type StorageFlags } from "./storage-options.ts";

/** Options of the commands that deliver a model or plan to. */
export interface DeliveryFlags extends StorageFlags {
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly weights?: "auto" | "all";
  readonly existing?: "verify" | "size" | "replace";
  readonly mode?: "copy" | "hard-link" | "reflink";
  readonly layout?: "plain" | "hf-cache";
}

/** Adds `--include` and `--exclude`. */
export function addFilterOptions(command: Command): Command {
  return command
    .option("--include <glob>", "only files that match (repeatable)", append)
    .option("--exclude <glob>", "no files that match; stands above --include (repeatable)", append);
}

/** Adds the arguments and options that say what goes where. */
export function addDeliveryOptions(command: Command): Command {
  return addStorageOptions(
    addFilterOptions(
      command
        .argument("<uri>", "where the model is, such as s3://bucket/llama, https://host/llama/ or a local directory")
        .argument("<dest>", "directory to bring it to; made when it does not exist"),
    )
      .addOption(
        new Option("--weights <preset>", "auto: one format of weights where there are several").choices([
          "auto",
          "all",
        ]),
      )
      .addOption(
        new Option(
          "--existing <how>",
          "files that are there already: verify keeps what the source's digests prove, size also what has the right size where there is no digest, replace nothing",
        ).choices(["verify", "size", "replace"]),
      )
      .addOption(
        new Option(
          "--mode <how>",
          "files of a local source: copy them, or give them a second name (hard-link) or a second file that shares blocks (reflink)",
        ).choices(["copy", "hard-link", "reflink"]),
      )
      .addOption(
        new Option(
          "--layout <kind>",
          "hf-cache: <dest> is a Hugging Face cache such as ~/.cache/huggingface/hub, where transformers and vLLM find the model",
        ).choices(["plain", "hf-cache"]),
      ),
  );
}

/** The request that the arguments and options make. */
export function deliveryPlace(uri: string, dest: string, flags: DeliveryFlags, session: Session): DeliveryPlace {
  const { env, clock, signal } = session.context;
  return {
    source: {
      storageUri: parseSource(uri),
      parameters: { ...parametersOf(flags, session), ...(flags.mode === undefined ? {} : { mode: flags.mode }) },
      env,
    },
    destination: resolve(dest),
    selection: {
      ...(flags.include === undefined ? {} : { include: flags.include }),
      ...(flags.exclude === undefined ? {} : { exclude: flags.exclude }),
      ...(flags.weights === undefined ? {} : { weights: flags.weights }),
    },
    existing: flags.existing,
    signal,
    clock,
    logger: session.logger,
  };
}
