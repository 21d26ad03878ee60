import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";

const main = join(import.meta.dirname, "..", "..", "src", "cli", "main.ts");

export interface AgentProcess {
  readonly pid: number;
  readonly port: number;
  /** Lines of the log, as objects. */
  readonly log: readonly Readonly<Record<string, unknown>>[];
  kill(signal: "SIGKILL" | "SIGTERM"): Promise<number | undefined>;
  /** Processor seconds so far, and bytes of memory in use now and at most. */
  usage(): Promise<{ readonly cpuSeconds: number; readonly rssBytes: number; readonly peakRssBytes: number }>;
  /** Counts the peak anew from now on. */
  resetPeak(): Promise<void>;
}

/**
 * Runs the command line as a process of its own, without this machine's environment, until it serves. A `program` of several words
 * may prepare something first, but has to become the agent.
 */
export async function startAgentProcess(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  [command, ...words]: readonly [string, ...string[]] = [process.execPath, main],
): Promise<AgentProcess> {
  const child = spawn(command, [...words, ...args, "--port", "0"], {
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const log: Readonly<Record<string, unknown>>[] = [];
  const port = await new Promise<number>((resolve, reject) => {
    let text = "";
    child.once("exit", (code) => reject(new Error(`the agent ended with ${code}: ${text}`)));
    if (child.stderr === null) throw new Error("no log");
    createInterface(child.stderr).on("line", (line) => {
      text = `${text}${line}\n`.slice(-4000);
      if (!line.startsWith("{")) return;
      const entry = JSON.parse(line) as Record<string, unknown>;
      log.push(entry);
      if (entry["msg"] === "the agent is running") resolve(Number(entry["port"]));
    });
  });
  const { pid } = child;
  if (pid === undefined) throw new Error("no process");
  return {
    pid,
    port,
    log,
    kill: (signal) => end(child, signal),
    usage: () => usageOf(pid),
    resetPeak: () => writeFile(`/proc/${pid}/clear_refs`, "5"),
  };
}

async function end(child: ChildProcess, signal: "SIGKILL" | "SIGTERM"): Promise<number | undefined> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode ?? undefined;
  const ended = once(child, "exit");
  child.kill(signal);
  await ended;
  return child.exitCode ?? undefined;
}

async function usageOf(pid: number): ReturnType<AgentProcess["usage"]> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const stat = (await readFile(`/proc/${pid}/stat`, "utf8")).replace(/^.*\) /, "").split(" ");
  const kilobytes = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) * 1024;
  // Clock ticks are hundredths of a second on every Linux that Node runs on.
  const cpuSeconds = (Number(stat[11]) + Number(stat[12])) / 100;
  return { cpuSeconds, rssBytes: kilobytes("VmRSS"), peakRssBytes: kilobytes("VmHWM") };
}
