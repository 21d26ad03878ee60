import { isStorageError } from "../errors.ts";
import type { Clock, Random } from "../telemetry/clock.ts";
import type { ApiClient } from "./api-client.ts";
import { backoffDelay } from "./backoff.ts";
import type { KubernetesObject } from "./kubernetes-object.ts";

export interface UpdateRequest {
  readonly client: ApiClient;
  /** Path of the one object. */
  readonly path: string;
  /**
   * The object as it should be, computed from its latest state; the same reference or undefined to leave it alone. Called again
   * after every conflict, so it must not carry anything over from an earlier state.
   */
  readonly change: (latest: KubernetesObject | undefined) => KubernetesObject | undefined;
  /** Collection path, to create the object when it does not exist. Without it a missing object is `not_found`. */
  readonly createIn?: string | undefined;
  readonly attempts?: number | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads, changes and replaces one object under its `resourceVersion`. A conflict starts over from the latest state, so that no other
 * writer's change is lost or undone. Throws `precondition_failed` with advice `exhausted` after `attempts` (default 8) conflicts.
 */
export async function updateObject(request: UpdateRequest): Promise<KubernetesObject | undefined> {
  const { client, path, change, createIn, clock, random, signal } = request;
  const attempts = request.attempts ?? 8;
  for (let attempt = 1; ; attempt += 1) {
    const latest = await readOrMissing(client, path, createIn !== undefined, signal);
    const wanted = change(latest);
    if (wanted === undefined || wanted === latest) return latest;
    try {
      return latest === undefined && createIn !== undefined
        ? await client.send<KubernetesObject>({ method: "POST", path: createIn, body: wanted, signal })
        : await client.send<KubernetesObject>({ method: "PUT", path, body: wanted, signal });
    } catch (error) {
      const conflict =
        isStorageError(error) && (error.httpStatus === 409 || (error.httpStatus === 404 && createIn !== undefined));
      if (!conflict) throw error;
      if (attempt >= attempts) throw error.with({ attempts: attempt, retry: "exhausted" });
      await clock.sleep(backoffDelay(attempt, random, 0, { baseMs: 20, capMs: 1_000 }), signal);
    }
  }
}

async function readOrMissing(
  client: ApiClient,
  path: string,
  missingAllowed: boolean,
  signal: AbortSignal | undefined,
): Promise<KubernetesObject | undefined> {
  try {
    return await client.send<KubernetesObject>({ method: "GET", path, signal });
  } catch (error) {
    if (missingAllowed && isStorageError(error) && error.httpStatus === 404) return undefined;
    throw error;
  }
}
