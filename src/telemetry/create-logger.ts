import { createRequire } from "node:module";
import { type DestinationStream, type Logger as PinoLogger, pino, stdSerializers } from "pino";
import type { PrettyOptions } from "pino-pretty";
import { isStorageError } from "../errors.ts";
import type { LogFields, Logger } from "./logger.ts";
import { createRedactor, type Redactor } from "./redactor.ts";

/** Lines less important than this are not written. */
export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

/** In order of decreasing talk. */
export const logLevels: readonly LogLevel[] = ["debug", "info", "warn", "error", "silent"];

export interface LoggerOptions {
  readonly level: LogLevel;
  /** `json`: one object per line. `pretty`: for people. */
  readonly format: "json" | "pretty";
  /** Colours in pretty lines. Default false. */
  readonly color?: boolean | undefined;
  /** Where whole lines go. */
  readonly write: (text: string) => void;
  /** Every line passes through it last. By default one that knows no secrets and masks what looks like one. */
  readonly redactor?: Redactor | undefined;
}

/**
 * A logger on pino. Times are ISO 8601 in UTC; errors show their code, target and hint, and a stack at level `debug` only.
 */
export function createLogger(options: LoggerOptions): Logger {
  const redactor = options.redactor ?? createRedactor();
  const format =
    options.format === "json"
      ? (line: string) => line
      : prettyLines({
          colorize: options.color ?? false,
          ignore: "pid,hostname",
          translateTime: "SYS:HH:MM:ss.l",
          singleLine: true,
          errorLikeObjectKeys: [],
        });
  const destination: DestinationStream = { write: (line) => options.write(redactor.redact(format(line))) };
  const serializeError = (error: unknown): unknown => describeError(error, options);
  const logger = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: serializeError, error: serializeError },
    },
    destination,
  );
  return adapt(logger);
}

/** Loaded only where somebody reads along: machines that write JSON start without it. */
function prettyLines(options: PrettyOptions): (line: string) => string {
  const { prettyFactory } = createRequire(import.meta.url)("pino-pretty") as typeof import("pino-pretty");
  return prettyFactory(options);
}

function adapt(logger: PinoLogger): Logger {
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
    child: (fields: LogFields) => adapt(logger.child({ ...fields })),
    debugEnabled: logger.isLevelEnabled("debug"),
  };
}

function describeError(error: unknown, options: LoggerOptions): unknown {
  if (!(error instanceof Error)) return error;
  const withStack = options.level === "debug";
  if (!isStorageError(error)) return withStack ? stdSerializers.err(error) : `${error.name}: ${error.message}`;
  if (options.format === "pretty" && !withStack) return error.message;
  return { ...error.fields(), ...(withStack ? { stack: error.stack } : {}) };
}
