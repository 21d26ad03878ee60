import type { AuthRequest } from "../../../src/auth/auth-request.ts";
import { directNetwork } from "../../../src/network/network-profile.ts";
import { manualClock } from "../manual-clock.ts";
import type { SecretWatch } from "../secret-watch.ts";

/** A request for AWS credentials with everything injected; nothing of it comes from the machine. */
export function awsRequest(watch: SecretWatch, changes: Partial<AuthRequest<"aws">>): AuthRequest<"aws"> {
  return {
    provider: "aws",
    parameters: {},
    env: {},
    network: directNetwork,
    clock: manualClock(Date.now()),
    logger: watch.logger,
    random: () => 0,
    region: "eu-west-1",
    ...changes,
  };
}

/** Lets I/O and timers of a test's clock go on until a promise settles; `stepMs` of the clock each round. */
export async function whileAdvancing<T>(
  clock: { advance(ms: number): Promise<void> },
  promise: Promise<T>,
  stepMs = 100,
): Promise<T> {
  let settled = false;
  const done = (): void => {
    settled = true;
  };
  promise.then(done, done);
  while (!settled) {
    await new Promise((resolve) => setTimeout(resolve, 2));
    if (!settled) await clock.advance(stepMs);
  }
  return promise;
}
