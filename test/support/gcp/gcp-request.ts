import type { AuthRequest } from "../../../src/auth/auth-request.ts";
import { directNetwork } from "../../../src/network/network-profile.ts";
import { manualClock } from "../manual-clock.ts";
import type { SecretWatch } from "../secret-watch.ts";

/** A request for Google Cloud credentials with everything injected; nothing of it comes from the machine. */
export function gcpRequest(watch: SecretWatch, changes: Partial<AuthRequest<"gcp">>): AuthRequest<"gcp"> {
  return {
    provider: "gcp",
    parameters: {},
    env: { HOME: "/nonexistent" },
    network: directNetwork,
    clock: manualClock(Date.now()),
    logger: watch.logger,
    random: () => 0,
    ...changes,
  };
}
