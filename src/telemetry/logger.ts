/** The logging port. Structured fields first, then a constant message, as pino has it. */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  /** A logger that adds these fields to every line. */
  child(fields: LogFields): Logger;
  /**
   * True when somebody reads what is logged with `debug`: what costs a request to find out is found out then only. Off when
   * undefined.
   */
  readonly debugEnabled?: boolean | undefined;
}

export type LogFields = Readonly<Record<string, unknown>>;

/** A logger that says nothing: the library's default. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
};
