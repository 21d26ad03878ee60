export { runAgent } from "./run-agent.ts";
export { manifestFolder } from "./scout/manifest-folder.ts";
export { parseManifestFile } from "./scout/parse-manifest-file.ts";
export { secretFolder } from "./secret-source.ts";
export type { AgentStatus } from "./status/agent-status.ts";
export type { ModelStatus } from "./status/model-status.ts";
export { parseStatus, readStatusFile } from "./status/status-file.ts";
