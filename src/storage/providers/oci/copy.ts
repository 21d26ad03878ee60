import { describeUri } from "../../../uri/describe-uri.ts";
import type { OciUri } from "../../../uri/object-uri.ts";
import { abortError } from "../../cancellation.ts";
import type { CallOptions, ObjectInfo } from "../../storage.ts";
import { ociError, toOciError } from "./errors.ts";
import { ServiceFailure } from "./service-failure.ts";
import type { OciSession } from "./session.ts";
import { statObject } from "./stat.ts";

const firstPauseMs = 200;
const longestPauseMs = 5_000;

/**
 * Copies within the service, pinned to the version that is there at the beginning. The service does it on its own account
 * and in its own time; it is asked until it is done.
 */
export async function copyObject(
  session: OciSession,
  from: OciUri,
  to: OciUri,
  options: CallOptions = {},
): Promise<ObjectInfo> {
  const { signal } = options;
  const source = await statObject(session, from, options, "copy");
  const target = { action: "copy", uri: to, signal } as const;
  const { region } = await session.address(target);
  if (region === undefined) {
    const hint = "Name it in the URI (oci://{namespace}@{region}/…) or in the parameter region.";
    throw ociError("config_invalid", { operation: "copy", uri: to }, "a copy needs the region of its target", hint);
  }
  const destinationNamespace = await session.namespace(target);
  const { opcWorkRequestId } = await session.run({ action: "copy", uri: from, signal }, (sdk, place) =>
    sdk.copyObject({
      ...place,
      copyObjectDetails: {
        sourceObjectName: from.key,
        ...(source.etag === undefined ? {} : { sourceObjectIfMatchETag: source.etag }),
        destinationRegion: region,
        destinationNamespace,
        destinationBucket: to.bucket,
        destinationObjectName: to.key,
      },
    }),
  );
  await waitForCopy(session, from, to, opcWorkRequestId, signal);
  return statObject(session, to, options, "copy");
}

async function waitForCopy(
  session: OciSession,
  from: OciUri,
  to: OciUri,
  workRequestId: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (let pause = firstPauseMs; ; pause = Math.min(pause * 2, longestPauseMs)) {
    const { workRequest } = await session.run({ action: "copy", uri: from, signal }, (sdk) =>
      sdk.getWorkRequest({ workRequestId }),
    );
    const status = String(workRequest.status);
    if (status === "COMPLETED") return;
    if (status === "FAILED" || status === "CANCELED") await fail(session, from, to, workRequestId, status, signal);
    try {
      await session.clock.sleep(pause, signal);
    } catch (reason) {
      if (signal?.aborted !== true) throw reason;
      throw abortError(signal, "copy", describeUri(to));
    }
  }
}

/** Throws why the work request failed. */
async function fail(
  session: OciSession,
  from: OciUri,
  to: OciUri,
  workRequestId: string,
  status: string,
  signal: AbortSignal | undefined,
): Promise<never> {
  const { items } = await session.run({ action: "copy", uri: from, signal }, (sdk) =>
    sdk.listWorkRequestErrors({ workRequestId }),
  );
  const { code = status, message = "" } = items?.[0] ?? {};
  const { endpoint, region } = await session.address({ action: "copy", uri: to, signal });
  const failure = new ServiceFailure(400, { "opc-request-id": workRequestId }, JSON.stringify({ code, message }));
  throw toOciError(failure, {
    operation: "copy",
    uri: to,
    host: new URL(endpoint).host,
    region,
    authType: session.credentials?.authType ?? "preauthenticated_request",
    now: session.clock.now(),
    signal,
  });
}
