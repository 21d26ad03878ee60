import { readdir, stat } from "node:fs/promises";
import { checkDelivery } from "../delivery/check-delivery.ts";
import { deliver } from "../delivery/deliver.ts";
import type { DeliveryRequest } from "../delivery/delivery-types.ts";
import { StorageError } from "../errors.ts";
import { isSecretParameter } from "../models/manifest/check-values.ts";
import { type SelectionRules, selectionFromParameters } from "../models/selection-rules.ts";
import type { Environment } from "../storage/provider-definition.ts";
import { metadataDirectoryName } from "../store/layout.ts";
import { removeModel } from "../store/remove-model.ts";
import type { Clock, Random } from "../telemetry/clock.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Redactor } from "../telemetry/redactor.ts";
import { BandwidthCap } from "../transfer/policy/bandwidth-cap.ts";
import { describeUri } from "../uri/describe-uri.ts";
import { parseUri } from "../uri/parse-uri.ts";
import type { CheckOutcome, ModelWorker, ReadyReport } from "./gopher/model-worker.ts";
import type { ModelWish } from "./model-wish.ts";
import type { SecretSource } from "./secret-source.ts";
import type { ContentSharing, SharingPlace } from "./sharing/content-sharing.ts";

export interface DeliveryWorkerOptions {
  /** The models root and the allowed paths: nothing outside of them is removed, nor brought from this machine. */
  readonly roots: readonly string[];
  readonly sharing: ContentSharing;
  /** Whether a wish concerns a directory. */
  readonly isWanted: (path: string) => boolean;
  readonly secrets: SecretSource;
  readonly redactor: Redactor;
  readonly env: Environment;
  /** `maxBandwidth` holds for all downloads together. */
  readonly tuning: Pick<DeliveryRequest, "maxConnections" | "maxBandwidth" | "maxAttempts" | "lanes">;
  /** See `LeaseOptions.instance`. */
  readonly instance: string | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

const nothingOnDisk: ReadyReport = { files: 0, bytes: 0, filesVerifiedBySource: 0 };

/** The gopher's hands: `delivery` brings models, `store` removes them, proofs say what is there. */
export function createDeliveryWorker(options: DeliveryWorkerOptions): ModelWorker {
  const { sharing, tuning } = options;
  const bandwidth = tuning.maxBandwidth === undefined ? undefined : new BandwidthCap(tuning.maxBandwidth);
  return {
    check: async (wish, signal): Promise<CheckOutcome> => {
      switch (wish.mode) {
        case "refused":
          throw wish.refusal;
        case "external":
          return { state: "ready", report: nothingOnDisk };
        case "present":
          await requirePresent(wish);
          return { state: "ready", report: nothingOnDisk };
        case "deliver":
          return checkPlace(wish, sharing, signal);
      }
    },
    deliver: async (wish, watch, signal) => {
      const { clock, random, env, instance } = options;
      const secret = wish.secret === undefined ? undefined : await options.secrets.read(wish.secret, signal);
      for (const value of Object.values(secret ?? {})) options.redactor.addSecret(value);
      for (const [name, value] of Object.entries(wish.parameters)) {
        if (isSecretParameter(name)) options.redactor.addSecret(value);
      }
      const localDirectories = options.roots;
      const source = { storageUri: wish.storageUri, parameters: wish.parameters, secret, env, localDirectories };
      const place = placeOf(wish);
      const shared = await sharing.share(place, source, signal);
      if (shared !== undefined) return { ...shared, fetchedBytes: 0, resumedBytes: 0 };
      await sharing.prepare(place);
      const result = await deliver({
        ...tuning,
        bandwidth,
        source,
        destination: wish.path,
        root: wish.root,
        selection: wish.selection,
        wait: true,
        instance,
        signal,
        clock,
        random,
        logger: options.logger.child({ model: wish.key }),
        onProgress: watch.onProgress,
        onEvent: watch.onEvent,
      });
      const { files, bytes, verifiedBySource } = result.totals;
      const { fetchedBytes, resumedBytes } = result;
      const report = { files, bytes, filesVerifiedBySource: verifiedBySource };
      await sharing.offer(wish.path, report);
      return { ...report, fetchedBytes, resumedBytes };
    },
    remove: async (path, signal, onlyFrom) => {
      const root = options.roots.find((candidate) => path.startsWith(`${candidate}/`));
      if (root === undefined) throw outside(path);
      const { clock } = options;
      if (onlyFrom !== undefined && (await sharing.originOf(path)) !== onlyFrom) return;
      if (await sharing.remove(path, root, options.isWanted, signal)) return;
      const removed = await removeModel({ directory: path, root, wait: true, signal, clock });
      options.logger.info({ path, files: removed.files, bytes: removed.bytes, kept: removed.kept }, "files removed");
    },
  };
}

/** Looks at links, then at the proof; a directory that is proven may be shared. */
async function checkPlace(wish: ModelWish, sharing: ContentSharing, signal: AbortSignal): Promise<CheckOutcome> {
  const linked = await sharing.check(placeOf(wish), signal);
  if (linked !== undefined) return linked;
  const uri = parseUri(wish.storageUri);
  const found = await checkDelivery({ destination: wish.path, uri, selection: rulesOf(wish), signal });
  if (found.state === "proven") {
    const { files, bytes, verifiedBySource } = found.proof.totals;
    const report = { files, bytes, filesVerifiedBySource: verifiedBySource };
    await sharing.offer(wish.path, report);
    return { state: "ready", report };
  }
  await sharing.retract(wish.path);
  if (found.placed) return found;
  const names = await readdir(wish.path).catch(() => []);
  return { ...found, foreign: names.some((name) => name !== metadataDirectoryName) };
}

function placeOf(wish: ModelWish): SharingPlace {
  const { path, root, reuse, storageUri } = wish;
  return { path, root, reuse, request: { uri: describeUri(parseUri(storageUri)), rules: rulesOf(wish) } };
}

function rulesOf(wish: ModelWish): SelectionRules {
  return { ...selectionFromParameters(wish.parameters), ...wish.selection };
}

async function requirePresent(wish: ModelWish): Promise<void> {
  const found = await stat(wish.path).catch(() => undefined);
  if (found?.isFile()) return;
  if (found?.isDirectory() && (await readdir(wish.path)).length > 0) return;
  throw new StorageError({
    code: "not_found",
    operation: "look for",
    target: wish.path,
    detail: found === undefined ? "nothing is there" : "the directory is empty",
    hint: "A local:// model has to be put there by somebody else; it becomes Ready as soon as it is there.",
  });
}

function outside(path: string): StorageError {
  return new StorageError({
    code: "unsafe_path",
    operation: "remove",
    target: path,
    detail: "it lies outside the models root and the allowed paths, so nothing is removed",
    hint: "Remove it by hand, or allow its parent with --allow-path.",
  });
}
