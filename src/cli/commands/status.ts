import { join, resolve } from "node:path";
import type { Command } from "commander";
import type { AgentStatus, ModelStatus } from "../../agent/index.ts";
import { StorageError } from "../../errors.ts";
import { layoutOf } from "../../store/layout.ts";
import { formatBytes, formatDuration, formatRate } from "../../telemetry/human-format.ts";
import { printable } from "../printable.ts";
import type { Session } from "../session.ts";
import { formatTable } from "../table.ts";
import type { AddCommand } from "./add-command.ts";

interface StatusFlags {
  readonly modelsRoot?: string;
  readonly url: string;
}

/** The status file is written at least every 15 seconds: an older one is of an agent that is gone. */
const staleMs = 60_000;

/** `status`: how the models of an agent stand. */
export const addStatusCommand: AddCommand = (program, run) => {
  program
    .command("status")
    .summary("show how the models of an agent stand")
    .description("Asks a running agent, or with --models-root reads what it wrote last.")
    .option("--url <url>", "address of the agent", "http://127.0.0.1:8080")
    .option("--models-root <dir>", "read DIR/.model-agent/status.json instead of asking")
    .action(async (flags: StatusFlags, self: Command) => {
      await run(self, async (session) => {
        const status = flags.modelsRoot === undefined ? await ask(flags.url, session) : await read(flags.modelsRoot);
        if (session.format === "json") await session.printJson(status);
        else await session.print(describeStatus(status, session.context.clock.now()));
      });
    });
};

async function ask(url: string, session: Session): Promise<AgentStatus> {
  const { parseStatus } = await import("../../agent/index.ts");
  const target = `${url.replace(/\/+$/, "")}/status`;
  const hint = "Is `model-agent run` running? Give its address with --url, or read its file with --models-root.";
  let text: string;
  try {
    const signal = AbortSignal.any([session.context.signal, AbortSignal.timeout(10_000)]);
    const response = await fetch(target, { headers: { accept: "application/json" }, signal });
    text = await response.text();
  } catch (cause) {
    session.context.signal.throwIfAborted();
    throw new StorageError({ code: "connection", operation: "ask", target, detail: "nobody answers", hint, cause });
  }
  const status = parseStatus(text);
  if (status !== undefined) return status;
  throw new StorageError({ code: "protocol", operation: "ask", target, detail: "what answers is no agent", hint });
}

async function read(modelsRoot: string): Promise<AgentStatus> {
  const { readStatusFile } = await import("../../agent/index.ts");
  const path = join(layoutOf(resolve(modelsRoot)).metadata, "status.json");
  const status = await readStatusFile(path);
  if (status !== undefined) return status;
  throw new StorageError({
    code: "not_found",
    operation: "read",
    target: path,
    detail: "no agent has written its status there",
    hint: "Check --models-root: it is the directory that `model-agent run` was given.",
  });
}

/** The status as text. */
export function describeStatus(status: AgentStatus, now: number): string {
  const { agent, models, problems, skipped } = status;
  const age = now - Date.parse(agent.heartbeatAt);
  const life = agent.stopped
    ? `stopped ${formatDuration(age / 1000)} ago`
    : age > staleMs
      ? `not heard of for ${formatDuration(age / 1000)}: it is probably gone, and this is what it wrote last`
      : `running since ${agent.startedAt.slice(0, 16).replace("T", " ")} UTC`;
  const sections = [
    `model-agent ${agent.version} on ${agent.host} (process ${agent.pid}), ${life}\nmodels root ${agent.modelsRoot}\n`,
    models.length === 0 ? "No model is wished for.\n" : modelTable(models, now),
    ...(problems.length === 0
      ? []
      : [
          `Problems:\n${problems
            .map(
              ({ file, line, message }) => `  ${file}${line === undefined ? "" : `:${line}`}: ${printable(message)}\n`,
            )
            .join("")}`,
        ]),
    ...(skipped.length === 0
      ? []
      : [`Left alone:\n${skipped.map(({ key, reason }) => `  ${key}: ${printable(reason)}\n`).join("")}`]),
  ];
  return sections.join("\n");
}

function modelTable(models: readonly ModelStatus[], now: number): string {
  const table = formatTable(
    [
      { title: "MODEL" },
      { title: "STATE" },
      { title: "FOR", align: "right" },
      { title: "PROGRESS" },
      { title: "PATH" },
    ],
    models.map((model) => [
      model.identity.namespace === "" ? model.identity.name : `${model.identity.namespace}/${model.identity.name}`,
      model.reason === model.state ? model.state : `${model.state} (${model.reason})`,
      formatDuration(Math.max(now - model.since, 0) / 1000),
      progressOf(model),
      model.path === "" ? "-" : model.path,
    ]),
  );
  const failures = models
    .filter((model) => model.state === "Failed")
    .map((model) => `${model.identity.name}: ${printable(model.message)}\n`);
  return failures.length === 0 ? table : `${table}\n${failures.join("")}`;
}

function progressOf({ progress, report }: ModelStatus): string {
  if (progress !== undefined && progress.totalBytes > 0) {
    const percent = Math.floor((progress.completedBytes / progress.totalBytes) * 100);
    return `${percent}% of ${formatBytes(progress.totalBytes)}, ${formatRate(progress.bytesPerSecond)}`;
  }
  if (report !== undefined && report.files > 0) return `${report.files} files, ${formatBytes(report.bytes)}`;
  return "-";
}
