import { parentPort, workerData } from "node:worker_threads";
import { Lane } from "./lane.ts";
import type { LaneCommand, LaneSettings } from "./lane-messages.ts";

if (parentPort === null) throw new Error("the lane runs in a worker thread only");
const port = parentPort;
const lane = new Lane(workerData as LaneSettings, (events) => port.postMessage(events));
port.on("message", (command: LaneCommand) => lane.handle(command));
