import { Worker } from "node:worker_threads";
import type { LaneCommand, LaneEvent, LaneSettings } from "./lane-messages.ts";

/** The engine's end of a lane. */
export interface LaneClient {
  send(command: LaneCommand): void;
  /** Destroys every socket and ends the lane, by force when it does not answer within `graceMs`. */
  close(graceMs: number): Promise<void>;
}

/**
 * A lane's garbage is short-lived and small: V8's default lets it grow to three times 16 MiB before it is looked at.
 */
const youngGenerationMiB = 8;

/** Starts a lane in a worker thread. `onFailure` is called when the thread dies by itself. */
export function startWorkerLane(
  settings: LaneSettings,
  onEvents: (events: readonly LaneEvent[]) => void,
  onFailure: (error: Error) => void,
): LaneClient {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const worker = new Worker(new URL(`./lane-worker.${extension}`, import.meta.url), {
    name: "model-agent-lane",
    workerData: settings,
    resourceLimits: { maxYoungGenerationSizeMb: youngGenerationMiB },
  });
  let stopped: () => void = () => {};
  const stopping = new Promise<void>((resolve) => {
    stopped = resolve;
  });
  let closing = false;
  worker.on("message", (events: readonly LaneEvent[]) => {
    onEvents(events);
    if (events.some((event) => event.type === "stopped")) stopped();
  });
  worker.on("error", (error) => {
    if (!closing) onFailure(error instanceof Error ? error : new Error(String(error)));
    stopped();
  });
  return {
    send: (command) => worker.postMessage(command),
    close: async (graceMs) => {
      closing = true;
      worker.postMessage({ type: "stop" } satisfies LaneCommand);
      let timer: NodeJS.Timeout | undefined;
      const grace = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, graceMs);
      });
      await Promise.race([stopping, grace]);
      clearTimeout(timer);
      await worker.terminate();
    },
  };
}

/** A lane in the calling thread, for sources that cannot cross into a worker: streams and bytes in memory. */
export function startLocalLane(
  settings: LaneSettings,
  onEvents: (events: readonly LaneEvent[]) => void,
  onFailure: (error: Error) => void,
): LaneClient {
  const starting = import("./lane.ts").then(({ Lane }) => new Lane(settings, onEvents));
  const tell = (command: LaneCommand): Promise<void> => starting.then((lane) => lane.handle(command)).catch(onFailure);
  return { send: (command) => void tell(command), close: () => tell({ type: "stop" }) };
}
