import { spawn } from "node:child_process";
import { findTool } from "../../support/run-tool.ts";
import { Unavailable } from "./real-server.ts";

export interface InstallStep {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/**
 * Runs a step of an installation with lowered priority. Throws {@link Unavailable} when the tool is not there, fails, or
 * needs longer than `limitMs`; what it cached by then shortens the next run.
 */
export async function install(what: string, step: InstallStep, limitMs: number): Promise<void> {
  const line = `${step.command} ${step.args.join(" ")}`;
  if (findTool(step.command) === undefined) {
    throw new Unavailable(`${what}: "${line}" is how it is installed, and ${step.command} is not on this machine`);
  }
  const child = spawn("nice", ["-n", "10", step.command, ...step.args], {
    env: { ...process.env, ...step.env },
    stdio: ["ignore", "ignore", "pipe"],
    detached: true,
  });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors = (errors + text).slice(-2000);
  });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  }, limitMs);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject).once("close", resolve);
  });
  clearTimeout(timer);
  if (late) throw new Unavailable(`${what}: "${line}" was not done after ${Math.round(limitMs / 1000)} s`);
  if (code === 0) return;
  const lastLine = errors.trim().split("\n").at(-1) ?? "";
  throw new Unavailable(`${what}: "${line}" failed: ${lastLine}`);
}

/** Builds a Go program into a directory. */
export function goInstall(what: string, module: string, directory: string, limitMs: number): Promise<void> {
  // Without cgo no C compiler is needed; one processor is left to the tests that run meanwhile.
  const env = { GOBIN: directory, CGO_ENABLED: "0", GOFLAGS: "-trimpath -ldflags=-s -buildvcs=false" };
  return install(what, { command: "go", args: ["install", module], env }, limitMs);
}
