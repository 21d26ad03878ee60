import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** Which process on which running machine: enough to tell later whether it still lives. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly host: string;
  /** Differs after every boot of the machine, and is the same in all its containers; empty where the system has none. */
  readonly bootId: string;
  /** Numbers are only comparable within one; empty where the system has none. */
  readonly pidNamespace: string;
  /** Clock ticks since boot at which the process began, so that a reused number is noticed; empty where unknown. */
  readonly startTime: string;
}

/** Whether a process lives, as far as it can be told from here. */
export type Liveness = "alive" | "dead" | "unknown";

/** The running process. */
export function ownIdentity(): ProcessIdentity {
  return {
    pid: process.pid,
    host: hostname(),
    bootId: readText(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8")),
    pidNamespace: readText(() => readlinkSync("/proc/self/ns/pid")),
    startTime: startTimeOf(process.pid),
  };
}

/** Judges another process from this one; `unknown` for one on another machine or in another container. */
export function livenessOf(other: ProcessIdentity, own: ProcessIdentity): Liveness {
  const sameMachine = own.bootId === "" ? other.host === own.host : other.bootId === own.bootId;
  if (!sameMachine || other.pidNamespace !== own.pidNamespace) return "unknown";
  if (other.startTime !== "") return startTimeOf(other.pid) === other.startTime ? "alive" : "dead";
  return exists(other.pid) ? "alive" : "dead";
}

/**
 * Field 22 of `/proc/<pid>/stat`, counted from behind the command name, which may hold anything (proc(5)). Empty for a
 * process that does not exist or that has ended and only waits for its parent to notice (state `Z` or `X`).
 */
function startTimeOf(pid: number): string {
  const text = readText(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  const [state = "", ...fields] = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return state === "Z" || state === "X" ? "" : (fields[18] ?? "");
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function readText(read: () => string): string {
  try {
    return read().trim();
  } catch {
    return "";
  }
}
