import type { Command } from "commander";
import type { DeliveryRequest, DeliveryResult } from "../../delivery/delivery-types.ts";
import { formatBytes, formatDuration, formatRate } from "../../telemetry/human-format.ts";
import { addDeliveryOptions, type DeliveryFlags, deliveryPlace } from "../delivery-options.ts";
import { parseBytes, parseWholeNumber } from "../parse-quantity.ts";
import type { Session } from "../session.ts";
import type { AddCommand } from "./add-command.ts";
import { printPlan } from "./plan.ts";

interface PullFlags extends DeliveryFlags {
  readonly dryRun?: boolean;
  readonly wait?: boolean;
  readonly concurrency?: number;
  readonly maxBandwidth?: number;
}

/** `pull URI DEST`: brings a model to a directory and proves it. */
export const addPullCommand: AddCommand = (program, run) => {
  const command = program
    .command("pull")
    .summary("bring a model to a directory, verified")
    .description(
      "Brings a model to a directory and proves it. What was interrupted is continued, what is proven already is left " +
        "alone, and a file appears under its name only when it is whole.",
    );
  addDeliveryOptions(command)
    .option("--dry-run", "only show what would be done, as plan does")
    .option("--wait", "wait for another writer of the directory instead of failing")
    .option("--concurrency <n>", "connections per host at most", (text) =>
      parseWholeNumber(text, "--concurrency", 1, 256),
    )
    .option("--max-bandwidth <rate>", "bytes per second at most, such as 100M or 1G", (text) =>
      parseBytes(text, "--max-bandwidth"),
    )
    .action(async (uri: string, dest: string, flags: PullFlags, self: Command) => {
      await run(self, async (session) => {
        const place = deliveryPlace(uri, dest, flags, session);
        if (flags.dryRun === true) await printPlan(place, flags, session);
        else
          await pull(
            { ...place, wait: flags.wait, maxConnections: flags.concurrency, maxBandwidth: flags.maxBandwidth },
            flags,
            session,
          );
      });
    });
};

async function pull(
  request: DeliveryRequest,
  { layout }: Pick<DeliveryFlags, "layout">,
  session: Session,
): Promise<void> {
  const deliver =
    layout === "hf-cache"
      ? (await import("../../delivery/hub-cache.ts")).deliverToHubCache
      : (await import("../../delivery/deliver.ts")).deliver;
  const view = session.progress();
  let result: DeliveryResult;
  try {
    result = await deliver({ ...request, onProgress: view.update });
  } finally {
    view.end();
  }
  for (const line of describeResult(result)) session.say(line);
  if (session.format === "json") await session.printJson(result);
  else if (!session.context.stdout.isTerminal) await session.print(`${result.destination}\n`);
}

/** What a delivery did, as lines for people. */
export function describeResult(result: DeliveryResult): readonly string[] {
  const { totals, fetchedBytes, resumedBytes, reusedBytes, linkedBytes, durationMs } = result;
  const proof =
    totals.verifiedBySize === 0
      ? "every file verified by the source's digests"
      : `${totals.verifiedBySource} files verified by the source's digests, ${totals.verifiedBySize} not verified by source (size and structure only)`;
  const what = `${totals.files} files, ${formatBytes(totals.bytes)}, ${proof}`;
  if (result.unchanged) return [`${result.destination} is proven already: ${what}.`];
  const seconds = durationMs / 1000;
  const moved = [
    `fetched ${formatBytes(fetchedBytes)} in ${formatDuration(seconds)} (${formatRate(fetchedBytes / Math.max(seconds, 0.001))})`,
    ...(resumedBytes > 0 ? [`${formatBytes(resumedBytes)} resumed`] : []),
    ...(reusedBytes > 0 ? [`${formatBytes(reusedBytes)} were there`] : []),
    ...(linkedBytes > 0 ? [`${formatBytes(linkedBytes)} linked from equal files`] : []),
    ...(result.removedFiles > 0 ? [`${result.removedFiles} old files removed`] : []),
    ...(result.skipped.length > 0 ? [`${result.skipped.length} files skipped (see plan)`] : []),
  ];
  return [`${result.destination} is proven: ${what}.`, `${moved.join(", ")}.`];
}
