import type { AuthRequest, Identity } from "../auth-request.ts";
import { cancelled } from "../cancelled.ts";
import { withTimeLimit } from "../time-limit.ts";
import { type LoadedKeys, shortKeyId } from "./loaded-keys.ts";
import type { Sts } from "./sts.ts";

const timeoutMs = 10_000;

/** Asks STS whose keys these are; a shortened access key id where STS does not tell, as with stores that are not AWS. */
export async function identifyAws(
  loaded: LoadedKeys,
  request: Pick<AuthRequest, "clock" | "logger" | "compatible" | "env">,
  sts: Sts,
  signal: AbortSignal,
): Promise<Identity> {
  const { keys, source } = loaded;
  const known: Identity = { kind: "key_id", name: shortKeyId(keys.accessKeyId), source, confirmed: false };
  if (request.compatible && !request.env["AWS_ENDPOINT_URL_STS"]) return known;
  try {
    const name = await withTimeLimit(request.clock, timeoutMs, signal, (limited) => sts.callerArn(keys, limited));
    return { kind: "arn", name, source, confirmed: true };
  } catch (error) {
    if (signal.aborted) throw cancelled(signal, "identify caller");
    request.logger.debug(
      { reason: error instanceof Error ? error.message : String(error) },
      "identity is not confirmed",
    );
    return known;
  }
}
