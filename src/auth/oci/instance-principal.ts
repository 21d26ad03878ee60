import type { Dispatcher } from "undici";
import { isStorageError } from "../../errors.ts";
import type { AuthRequest } from "../auth-request.ts";
import { unauthenticated } from "./auth-error.ts";
import type { OciHome } from "./credentials.ts";
import { createSessionKey, federate } from "./federation.ts";
import type { InstanceIdentity, InstanceMetadata } from "./instance-metadata.ts";
import type { KeySource } from "./loaded-key.ts";
import { readTokenClaims, tokenIdentity } from "./session-token.ts";

const asked = "the instance's principal";

/**
 * The instance's own identity: its certificate from instance metadata, exchanged for a session token
 * (https://docs.oracle.com/en-us/iaas/Content/Identity/Tasks/callingservicesfrominstances.htm). Certificate and session key
 * are new each time.
 */
export function instancePrincipalSource(
  request: Pick<AuthRequest, "env" | "clock" | "logger">,
  metadata: InstanceMetadata,
  dispatcher: Dispatcher,
): KeySource {
  const { clock } = request;
  return async (signal) => {
    const { home, identity } = await askInstance(metadata, signal);
    const session = await createSessionKey();
    const token = await federate(request, dispatcher, home, identity, session, signal);
    const renew = "Check this machine's clock.";
    const claims = readTokenClaims(token, clock.now(), { operation: "get a session token", asked, renew });
    const { expiration } = claims;
    return {
      key: { keyId: `ST$${token}`, privateKey: session.privateKey, expiration },
      identity: tokenIdentity(claims, "instance principal"),
      home,
      expiration,
    };
  };
}

async function askInstance(
  metadata: InstanceMetadata,
  signal: AbortSignal,
): Promise<{ readonly home: OciHome; readonly identity: InstanceIdentity }> {
  try {
    const home = await metadata.home(signal);
    return { home, identity: await metadata.identity(signal) };
  } catch (error) {
    if (!isStorageError(error) || !["connection", "timeout"].includes(error.code)) throw error;
    throw unauthenticated({
      operation: "find OCI credentials",
      asked,
      retry: error.retry,
      detail: `instance metadata does not answer: ${error.detail}`,
      hint: "Instance principals need OCI Compute and access to 169.254.169.254 (network policies): elsewhere set auth to workload_identity or user_principal.",
      cause: error,
    });
  }
}
