import type { Clock } from "../telemetry/clock.ts";
import type { LogFields, Logger } from "../telemetry/logger.ts";

/** Notes at debug level that a login was made, by whom it says it is and for how long. `expiration` in epoch milliseconds; never a secret. */
export function logObtained(
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
  expiration: number | undefined,
  fields: LogFields,
): void {
  const expiresInSeconds = expiration === undefined ? undefined : Math.round((expiration - clock.now()) / 1000);
  logger.debug({ ...fields, expiresInSeconds }, "credentials obtained");
}
