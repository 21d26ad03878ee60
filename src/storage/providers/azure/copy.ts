import { describeUri } from "../../../uri/describe-uri.ts";
import type { AzureUri } from "../../../uri/object-uri.ts";
import { abortError } from "../../cancellation.ts";
import type { CallOptions, ObjectInfo } from "../../storage.ts";
import { azureError } from "./errors.ts";
import { locateObject } from "./locate.ts";
import { objectName } from "./object-name.ts";
import type { AzureSession } from "./session.ts";
import { statObject } from "./stat.ts";

const firstPauseMs = 200;
const longestPauseMs = 5_000;

/**
 * Copies within the account, pinned to the version that is there at the beginning. The service does it in its own time; it
 * is asked until it is done.
 */
export async function copyObject(
  session: AzureSession,
  from: AzureUri,
  to: AzureUri,
  options: CallOptions = {},
): Promise<ObjectInfo> {
  const { signal } = options;
  const target = objectName("copy", to);
  const source = await statObject(session, from, options, "copy");
  // A token is not passed on; within one account the request's own counts for both ends.
  const { url } = await locateObject(session, from, options);
  await session.run({ action: "copy", uri: to, signal, onlyAnswered: true }, (container) =>
    container
      .getBlobClient(target)
      .beginCopyFromURL(url, source.etag === undefined ? {} : { sourceConditions: { ifMatch: source.etag } }),
  );
  await waitForCopy(session, to, target, signal);
  return statObject(session, to, options, "copy");
}

async function waitForCopy(
  session: AzureSession,
  to: AzureUri,
  target: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (let pause = firstPauseMs; ; pause = Math.min(pause * 2, longestPauseMs)) {
    const { copyStatus } = await session.run({ action: "copy", uri: to, signal }, (container) =>
      container.getBlobClient(target).getProperties(),
    );
    if (copyStatus === "failed" || copyStatus === "aborted") {
      const hint = "Run it again; if it persists, check whether the source changes meanwhile.";
      throw azureError("unavailable", { operation: "copy", uri: to }, `the service's copy ${copyStatus}`, hint);
    }
    if (copyStatus !== "pending") return;
    try {
      await session.clock.sleep(pause, signal);
    } catch (reason) {
      if (signal?.aborted !== true) throw reason;
      throw abortError(signal, "copy", describeUri(to));
    }
  }
}
