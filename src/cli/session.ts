import { createLogger, type LogLevel } from "../telemetry/create-logger.ts";
import type { Logger } from "../telemetry/logger.ts";
import { createRedactor, type Redactor } from "../telemetry/redactor.ts";
import type { CliContext } from "./cli-context.ts";
import { createLiveRegion, type LiveRegion } from "./progress/live-region.ts";
import { logProgress, type ProgressView, terminalProgress } from "./progress/progress-view.ts";

/** Options that every command takes. */
export interface GlobalOptions {
  readonly format: "human" | "json";
  readonly quiet?: boolean;
  readonly logLevel: LogLevel;
}

/** One run of a command: how it talks and where its data goes. */
export interface Session extends GlobalOptions {
  readonly context: CliContext;
  readonly redactor: Redactor;
  readonly color: boolean;
  /** For the rooms below, at the level that was asked for. */
  readonly logger: Logger;
  /** A line of talk; nothing with `--quiet`. */
  say(text: string): void;
  /** Data of the command, for people or programs. */
  print(data: string | Uint8Array): Promise<void>;
  /** Data as one line of JSON. */
  printJson(value: unknown): Promise<void>;
  /** A display of progress that suits where the talk goes. */
  progress(): ProgressView;
}

export function createSession(context: CliContext, options: GlobalOptions): Session {
  const { stderr, stdout, env, clock } = context;
  const redactor = createRedactor(secretsOf(env));
  const color = stderr.isTerminal && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
  const region = createLiveRegion({ write: (text) => void stderr.write(text), columns: () => stderr.size().columns });
  const format = options.format === "json" ? "json" : "pretty";
  const loggerAt = (level: LogLevel): Logger =>
    createLogger({ level, format, color, write: (text) => region.write(text), redactor });
  return {
    ...options,
    context,
    redactor,
    color,
    logger: loggerAt(options.logLevel),
    say: (text) => {
      if (options.quiet !== true) region.write(`${redactor.redact(text)}\n`);
    },
    print: (data) => stdout.write(data),
    printJson: (value) => stdout.write(`${JSON.stringify(value)}\n`),
    progress: () => {
      if (options.quiet === true) return { update: () => {}, end: () => {} };
      const view = canRedraw(context) ? terminal(region, context, color) : logProgress(loggerAt("info"), clock);
      return untilStopped(view, context.signal, () => region.write("Stopping … press Ctrl-C again to stop at once.\n"));
    },
  };
}

/** The same view; when the command is told to stop, nothing more is drawn and that is said at once. */
function untilStopped(view: ProgressView, signal: AbortSignal, say: () => void): ProgressView {
  const onAbort = (): void => {
    view.end();
    say();
  };
  signal.addEventListener("abort", onAbort, { once: true });
  return {
    update: (progress) => {
      if (!signal.aborted) view.update(progress);
    },
    end: () => {
      signal.removeEventListener("abort", onAbort);
      view.end();
    },
  };
}

function terminal(region: LiveRegion, { stderr, env, clock }: CliContext, color: boolean): ProgressView {
  const locale = env["LC_ALL"] || env["LC_CTYPE"] || env["LANG"] || "";
  const unicode = /utf-?8/i.test(locale);
  return terminalProgress({ region, size: () => stderr.size(), unicode, color, clock });
}

function canRedraw({ stderr, env }: CliContext): boolean {
  return stderr.isTerminal && env["TERM"] !== "dumb";
}

/** Environment variables whose values are secrets by their names, as the clouds' tools read them. */
function secretsOf(env: CliContext["env"]): string[] {
  const names = /(SECRET|TOKEN|PASSWORD|_KEY$|SAS|CONNECTION_STRING)/;
  const noSecrets = /(_FILE|_PATH|_URI|_URL|_ID|_DIR)$/;
  return Object.entries(env).flatMap(([name, value]) =>
    value !== undefined && names.test(name) && !noSecrets.test(name) ? [value] : [],
  );
}
