import { resolve } from "node:path";
import type { Command } from "commander";
import type { VerifyResult } from "../../delivery/verify-delivery.ts";
import { StorageError } from "../../errors.ts";
import { formatBytes } from "../../telemetry/human-format.ts";
import { printable } from "../printable.ts";
import type { Session } from "../session.ts";
import type { AddCommand } from "./add-command.ts";

interface VerifyFlags {
  readonly repair?: boolean;
}

/** `verify DIR`: reads every file again and compares it with the proof. */
export const addVerifyCommand: AddCommand = (program, run) => {
  program
    .command("verify")
    .summary("check a delivered model against its proof")
    .description("Reads every file of a delivered model and compares it with its proof. Needs no network.")
    .argument("<dir>", "directory of the model")
    .option("--repair", "remove damaged files, so that the next pull fetches those and nothing else")
    .action(async (dir: string, flags: VerifyFlags, self: Command) => {
      await run(self, (session) => verify(resolve(dir), flags, session));
    });
};

async function verify(destination: string, flags: VerifyFlags, session: Session): Promise<void> {
  const { verifyDelivery } = await import("../../delivery/verify-delivery.ts");
  const { signal, clock } = session.context;
  const view = session.progress();
  let result: VerifyResult;
  const startedAt = clock.monotonic();
  try {
    result = await verifyDelivery({
      destination,
      repair: flags.repair,
      signal,
      clock,
      onProgress: (progress) =>
        view.update({
          phase: "downloading",
          totalBytes: progress.totalBytes,
          completedBytes: progress.verifiedBytes,
          totalFiles: progress.totalFiles,
          completedFiles: progress.verifiedFiles,
          bytesPerSecond: (progress.verifiedBytes * 1000) / Math.max(clock.monotonic() - startedAt, 1),
          activeFiles: [],
        }),
    });
  } finally {
    view.end();
  }
  const { proof, damaged, bytes } = result;
  if (session.format === "json") {
    const { files: _, ...summary } = proof;
    await session.printJson({ destination, intact: damaged.length === 0, bytes, damaged, proof: summary });
  } else {
    for (const { path, state, damaged: spans } of damaged) {
      const where = spans.map(({ start, end }) => `bytes ${start} to ${end - 1}`).join(", ");
      await session.print(`${state}  ${printable(path)}${where === "" ? "" : `  (${where})`}\n`);
    }
  }
  if (damaged.length > 0) throw damagedError(destination, damaged.length, flags.repair === true);
  const { totals } = proof;
  const unverified =
    totals.verifiedBySize === 0 ? "" : `; ${totals.verifiedBySize} were not verified by source when they came`;
  session.say(
    `${destination} is intact: ${totals.files} files, ${formatBytes(bytes)} as proven ${proof.provenAt}${unverified}.`,
  );
}

function damagedError(target: string, files: number, repaired: boolean): StorageError {
  return new StorageError({
    code: "checksum_mismatch",
    operation: "verify",
    target,
    detail: `${files} ${files === 1 ? "file is" : "files are"} not what was proven`,
    hint: repaired
      ? "Run the same `model-agent pull` again: it fetches those files and nothing else."
      : "Run `model-agent verify --repair`, then the same `model-agent pull` again.",
  });
}
