export * from "./conformance/index.ts";
export * from "./content/index.ts";
export * from "./fault-server/index.ts";
