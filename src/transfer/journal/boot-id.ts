import { readFileSync } from "node:fs";

/**
 * Identifies this boot of the machine (Linux: `/proc/sys/kernel/random/boot_id`). Where there is no such thing, every call
 * gives another value, so that nothing written earlier is trusted blindly.
 */
export function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return `unknown-${process.pid}-${Date.now()}`;
  }
}
