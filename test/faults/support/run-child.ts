import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type Content, contentDigest, type FaultServer } from "../../../src/testing/index.ts";
import type { ChildReport } from "./child-report.ts";
import type { DeliverTask } from "./deliver-child.ts";
import { etagOf } from "./http-file.ts";
import type { ChildTask } from "./transfer-child.ts";

const script = join(import.meta.dirname, "transfer-child.ts");
const deliverScript = join(import.meta.dirname, "deliver-child.ts");

/** The command that runs the task, for shells and wrappers. */
export function childCommand(task: ChildTask): readonly [string, ...string[]] {
  return [process.execPath, script, JSON.stringify(task)];
}

/** The command that delivers a model. */
export function deliverCommand(task: DeliverTask): readonly [string, ...string[]] {
  return [process.execPath, deliverScript, JSON.stringify(task)];
}

export interface RunningChild {
  readonly process: ChildProcess;
  /** Everything it wrote when it ended, and how it ended. */
  readonly ended: Promise<{
    readonly reports: readonly ChildReport[];
    readonly exitCode: number | null;
    readonly signal: NodeJS.Signals | null;
    readonly stderr: string;
  }>;
}

/** Starts a command whose standard output is lines of {@link ChildReport}. */
export function runChild(command: readonly [string, ...string[]]): RunningChild {
  const [file, ...args] = command;
  const child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"], env: { PATH: process.env["PATH"] } });
  const ended = (async () => {
    const [stdout, stderr, [exitCode, signal]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>,
    ]);
    const lines = stdout.split("\n").filter((line) => line.startsWith("{"));
    return { reports: lines.map((line) => JSON.parse(line) as ChildReport), exitCode, signal, stderr };
  })();
  return { process: child, ended };
}

/** Puts the contents on the server and describes them to a child. */
export function childTask(
  server: FaultServer,
  contents: Readonly<Record<string, Content>>,
  options: Omit<ChildTask, "files">,
): ChildTask {
  const files = Object.entries(contents).map(([path, content]) => {
    const etag = etagOf(content);
    server.put(`/${path}`, { content, etag });
    return { path, url: server.url(`/${path}`), size: content.size, etag, crc32: contentDigest(content, "crc32") };
  });
  return { ...options, files };
}
