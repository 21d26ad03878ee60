import { StorageError } from "../../errors.ts";
import type { ReadFailure } from "../http/read-failure.ts";
import { errorCodeOf } from "../policy/classify-failure.ts";
import type { TransferSource } from "../transfer-types.ts";

const hints: Readonly<Record<string, string>> = {
  connection: "Check that the endpoint is right and reachable from this machine, then run it again to continue.",
  stalled: "Run it again to continue; if it persists, the server or the network in between holds the data back.",
  truncated: "Run it again to continue; if it persists, look for a proxy that cuts answers.",
  protocol: "Check that the URL leads to an object store that answers range requests as HTTP has them.",
  precondition_failed: "The object was changed while it was read: run it again to read the new version.",
  checksum_mismatch:
    "The source holds or delivers damaged data: repair the object there, or read it from another source.",
  no_space: "Free some space there and run it again: it continues where it stopped.",
  not_found: "Check the name; the object may have been deleted since it was listed.",
  permission_denied: "Grant read access to the object, or use other credentials.",
  unauthenticated: "Check the credentials.",
  rate_limited: "Run it again later to continue, or lower the number of connections.",
  unavailable: "The service is not available at the moment: run it again later to continue.",
  timeout: "Run it again to continue.",
};

/** The final error of a part of a file, for people. `attempts` made, the first included. */
export function transferFailure(
  failure: ReadFailure,
  source: TransferSource,
  path: string,
  attempts: number,
): StorageError {
  if ((failure.kind === "disk" || failure.kind === "no-space") && failure.error !== undefined) {
    return new StorageError({ ...failure.error, detail: `${path}: ${failure.error.detail}` });
  }
  const temporary = failure.error?.retry !== "permanent" && failure.kind !== "changed";
  if (failure.error !== undefined) {
    const error = new StorageError(failure.error);
    return error.with({ operation: "read", target: source.target, provider: source.provider, attempts });
  }
  const code = errorCodeOf(failure);
  return new StorageError({
    code,
    retry: temporary && attempts > 1 ? "exhausted" : undefined,
    operation: "read",
    target: source.target,
    provider: source.provider,
    httpStatus: failure.httpStatus,
    serviceCode: failure.serviceCode,
    requestId: failure.requestId,
    retryAfterMs: failure.retryAfterMs,
    attempts,
    detail: `${path}: ${failure.detail}`,
    hint: hints[code] ?? "Run it again to continue where it stopped.",
  });
}
