export { computeDigest, digestHolds } from "./compute-digest.ts";
export type {
  ConformanceLimits,
  ConformanceOptions,
  ConformanceSubject,
  RegisterTest,
} from "./conformance-types.ts";
export { expectError } from "./expect-error.ts";
export { peculiarNames } from "./peculiar-names.ts";
export { readSource, type SourceSlice } from "./read-source.ts";
export { runStorageConformance } from "./run-storage-conformance.ts";
