import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

/** One run of a whole process, as the operating system accounts for it. */
export interface Run {
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  /** Largest resident set of a single process of the run, MiB. */
  readonly peakMebibytes: number;
  readonly exitCode: number;
  readonly output: string;
}

/** Runs a command under GNU time. */
export async function measure(
  command: readonly string[],
  options: { readonly env: NodeJS.ProcessEnv; readonly reportFile: string; readonly timeoutMs: number },
): Promise<Run> {
  const child = spawn("/usr/bin/time", ["-q", "-f", "%e %U %S %M", "-o", options.reportFile, ...command], {
    env: options.env,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: options.timeoutMs,
  });
  let output = "";
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-2000);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const exitCode = await new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 128));
  });
  const fields = (readFileSync(options.reportFile, "utf8").trim().split("\n").at(-1) ?? "").split(" ").map(Number);
  const [wall = 0, user = 0, system = 0, kibibytes = 0] = fields;
  return { wallSeconds: wall, cpuSeconds: user + system, peakMebibytes: kibibytes / 1024, exitCode, output };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}
