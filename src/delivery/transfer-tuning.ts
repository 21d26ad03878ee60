import type { TransferOptions } from "../transfer/transfer-types.ts";

/** The engine's own settings, passed on as they are. */
export type TransferTuning = Pick<
  TransferOptions,
  | "maxConnections"
  | "maxBandwidth"
  | "bandwidth"
  | "lanes"
  | "maxAttempts"
  | "stallTimeoutMs"
  | "connectTimeoutMs"
  | "onEvent"
>;

/** What a request says to the engine. */
export type EngineSettings = TransferTuning & Pick<TransferOptions, "logger" | "clock" | "random">;

/** Only the engine's settings of a request. */
export function tuningOf(request: EngineSettings): EngineSettings {
  const { maxConnections, maxBandwidth, bandwidth, lanes, maxAttempts, stallTimeoutMs, connectTimeoutMs, onEvent } =
    request;
  const { logger, clock, random } = request;
  return {
    ...{ maxConnections, maxBandwidth, bandwidth, lanes, maxAttempts, stallTimeoutMs, connectTimeoutMs },
    ...{ onEvent, logger, clock, random },
  };
}
