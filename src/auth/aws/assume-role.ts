import { isStorageError } from "../../errors.ts";
import type { Caching } from "../caching.ts";
import type { AssumeRoleSettings } from "./choose-settings.ts";
import { type KeySource, type LoadedKeys, loadedKeys } from "./loaded-keys.ts";
import type { Sts } from "./sts.ts";

/** Refusals that new source keys can heal. */
const staleSource: ReadonlySet<string> = new Set(["ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId"]);

/** A role's keys, by the keys of another identity; those are refreshed once when STS finds them too old. */
export function assumeRoleSource(settings: AssumeRoleSettings, source: Caching<LoadedKeys>, sts: Sts): KeySource {
  return async (signal) => {
    const first = await source.resolve({ signal });
    const describe = (loaded: LoadedKeys): string => `${settings.roleArn}, assumed by ${loaded.source}`;
    try {
      return loadedKeys(await sts.assumeRole(first.keys, settings, signal), describe(first));
    } catch (error) {
      if (!isStorageError(error) || !staleSource.has(error.serviceCode ?? "")) throw error;
      const second = await source.resolve({ signal, forceRefresh: true });
      if (second.keys.accessKeyId === first.keys.accessKeyId) throw error;
      return loadedKeys(await sts.assumeRole(second.keys, settings, signal), describe(second));
    }
  };
}
