import type { Capabilities } from "../../storage/storage.ts";
import type { ConformanceContext } from "./conformance-context.ts";
import type { EffectiveLimits } from "./conformance-types.ts";

/** One rule of the port as a test. */
export interface ConformanceCase {
  readonly name: string;
  /** Whether the rule applies; always when absent. */
  readonly applies?:
    | ((capabilities: Capabilities, limits: EffectiveLimits, missingPlace: boolean) => boolean)
    | undefined;
  run(context: ConformanceContext): Promise<void>;
}
