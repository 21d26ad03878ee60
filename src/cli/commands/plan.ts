import type { Command } from "commander";
import type { DeliveryPlace } from "../../delivery/delivery-types.ts";
import type { DeliveryPlan, PlannedDelivery } from "../../delivery/plan-delivery.ts";
import { formatBytes } from "../../telemetry/human-format.ts";
import { addDeliveryOptions, type DeliveryFlags, deliveryPlace } from "../delivery-options.ts";
import { printable } from "../printable.ts";
import type { Session } from "../session.ts";
import { formatTable } from "../table.ts";
import type { AddCommand } from "./add-command.ts";

/** `plan URI DEST`: what `pull` would do, without doing it. */
export const addPlanCommand: AddCommand = (program, run) => {
  const command = program
    .command("plan")
    .summary("show what pull would do")
    .description("Shows which files would be fetched or skipped and why, and the disk space needed. Changes nothing.");
  addDeliveryOptions(command).action(async (uri: string, dest: string, flags: DeliveryFlags, self: Command) => {
    await run(self, (session) => printPlan(deliveryPlace(uri, dest, flags, session), flags, session));
  });
};

/** Plans and prints. */
export async function printPlan(
  place: DeliveryPlace,
  { layout }: Pick<DeliveryFlags, "layout">,
  session: Session,
): Promise<void> {
  const plan =
    layout === "hf-cache"
      ? await (await import("../../delivery/hub-cache.ts")).planHubCache(place)
      : await (await import("../../delivery/plan-delivery.ts")).planDelivery(place);
  if (session.format === "json") await session.printJson(plan);
  else await session.print(describePlan(plan));
}

const actions: Readonly<Record<PlannedDelivery["todo"], string>> = {
  proven: "keep (proven)",
  recheck: "check (touched)",
  adopt: "check (not ours)",
  fetch: "fetch",
};

/** The plan as text. */
export function describePlan(plan: DeliveryPlan): string {
  const rows = [
    ...plan.files.map(({ path, size, todo, verifiable }) => {
      return [path, formatBytes(size), actions[todo], verifiable ? "" : "not verified by source"];
    }),
    ...plan.skipped.map(({ path, size, reason }) => [path, formatBytes(size), "skip", reason]),
    ...plan.obsolete.map((path) => [path, "-", "remove", "the source or the selection no longer has it"]),
  ];
  const table = formatTable(
    [{ title: "FILE" }, { title: "SIZE", align: "right" }, { title: "ACTION" }, { title: "NOTE" }],
    rows,
  );
  const skippedBytes = plan.skipped.reduce((sum, { size }) => sum + size, 0);
  const { neededBytes, freeBytes } = plan.space;
  const short = freeBytes !== undefined && neededBytes > freeBytes;
  const facts = [
    `from     ${plan.uri}${plan.revision === undefined ? "" : ` at ${plan.revision}`}`,
    `to       ${plan.destination}`,
    `model    ${plan.files.length} files, ${formatBytes(plan.totalBytes)}`,
    `fetch    ${formatBytes(plan.fetchBytes)}${plan.complete ? " (proven already: nothing is to be done)" : ""}`,
    ...(plan.skipped.length === 0 ? [] : [`skip     ${plan.skipped.length} files, ${formatBytes(skippedBytes)}`]),
    `disk     ${formatBytes(neededBytes)} needed, ${freeBytes === undefined ? "free space unknown" : `${formatBytes(freeBytes)} free`}` +
      `${short ? ": NOT ENOUGH" : ""}`,
  ];
  return `${table}\n${facts.map(printable).join("\n")}\n`;
}
