import type { AuthRequest } from "../../../src/auth/auth-request.ts";
import { directNetwork } from "../../../src/network/network-profile.ts";
import { manualClock } from "../manual-clock.ts";
import type { SecretWatch } from "../secret-watch.ts";

/** A request for Azure credentials with everything injected; nothing of it comes from the machine. */
export function azureRequest(watch: SecretWatch, changes: Partial<AuthRequest<"azure">>): AuthRequest<"azure"> {
  return {
    provider: "azure",
    parameters: {},
    env: { HOME: "/nonexistent", PATH: "/nonexistent" },
    network: directNetwork,
    clock: manualClock(Date.now()),
    logger: watch.logger,
    random: () => 0,
    ...changes,
  };
}
