export type { FaultAction, OutageMode } from "./fault-action.ts";
export type { FaultCondition, FaultRule, Ordinal } from "./fault-rule.ts";
export { type AddedRule, type FaultServer, type FaultServerOptions, startFaultServer } from "./fault-server.ts";
export type { Outcome, RecordedRequest } from "./request-log.ts";
export type { ObjectLike, ServedObject } from "./served-object.ts";
