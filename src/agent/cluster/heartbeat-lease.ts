import { createHash } from "node:crypto";
import { isStorageError } from "../../errors.ts";
import type { ApiClient } from "../../kubernetes/api-client.ts";
import type { Clock, Random } from "../../telemetry/clock.ts";
import type { Logger } from "../../telemetry/logger.ts";

export interface HeartbeatLeaseOptions {
  readonly client: ApiClient;
  readonly namespace: string;
  readonly nodeName: string;
  /** Pod or process that renews. */
  readonly holder: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

const renewMs = 60_000;
const durationSeconds = 180;

/**
 * Renews a Lease of this agent's, by which others can see that it lives, until the signal aborts. Where the right to do so is missing it
 * says so once and ends: nothing depends on it.
 */
export async function renewLease(options: HeartbeatLeaseOptions, signal: AbortSignal): Promise<void> {
  const { client, namespace, nodeName, holder, clock, random, logger } = options;
  const collection = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
  const name = leaseName(nodeName);
  let acquireTime: string | undefined;
  for (;;) {
    const renewTime = microTime(clock.now());
    acquireTime ??= renewTime;
    const spec = { holderIdentity: holder, leaseDurationSeconds: durationSeconds, acquireTime, renewTime };
    const common = { metadataOnly: true, signal } as const;
    try {
      await client
        .send({ method: "PATCH", path: `${collection}/${name}`, patch: "merge", body: { spec }, ...common })
        .catch((error: unknown) => {
          if (!isStorageError(error) || error.httpStatus !== 404) throw error;
          const metadata = { name, labels: { "app.kubernetes.io/managed-by": "model-agent" } };
          const body = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata, spec };
          return client.send({ method: "POST", path: collection, body, ...common });
        });
    } catch (error) {
      if (signal.aborted) return;
      if (isStorageError(error) && error.httpStatus === 403) {
        logger.info({ reason: error.detail }, "no Lease is kept: the right to do so is not granted");
        return;
      }
      logger.debug({ error: String(error) }, "the Lease could not be renewed");
    }
    try {
      await clock.sleep(renewMs * (0.9 + 0.2 * random()), signal);
    } catch {
      return;
    }
  }
}

function leaseName(nodeName: string): string {
  const name = `model-agent.${nodeName}`;
  return name.length <= 253 ? name : `model-agent.${createHash("sha256").update(nodeName).digest("hex")}`;
}

function microTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/Z$/, "000Z");
}
