import type { Clock } from "../telemetry/clock.ts";

/** The process around a command, injected so that a test can be one. */
export interface CliContext {
  /** Data goes here and nothing else. */
  readonly stdout: CliOutput;
  /** Talk goes here: progress, log lines, errors. */
  readonly stderr: CliOutput;
  /** Where answers of a person come from; undefined when no person is there. */
  readonly stdin: NodeJS.ReadStream | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Aborts when the user or the system asks the process to stop. */
  readonly signal: AbortSignal;
}

export interface CliOutput {
  /** Resolves when more may be written: data can be larger than memory. */
  write(data: string | Uint8Array): Promise<void>;
  readonly isTerminal: boolean;
  /** Present size of the terminal. */
  size(): { readonly columns: number; readonly rows: number };
}
