import type { AwsKeys } from "./credentials.ts";

/** Keys as a source gave them. */
export interface LoadedKeys {
  readonly keys: AwsKeys;
  /** Where they came from, in words: `instance metadata`, `profile dev`. */
  readonly source: string;
  readonly expiration?: number | undefined;
}

/** One way to get keys. The signal ends it. */
export type KeySource = (signal: AbortSignal) => Promise<LoadedKeys>;

/** Pairs keys with their source and makes the expiry visible to the cache. */
export function loadedKeys(keys: AwsKeys, source: string): LoadedKeys {
  return { keys, source, expiration: keys.expiration };
}

/** Credentials as the AWS SDK has them. */
interface SdkKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  readonly expiration?: Date | undefined;
}

/** The SDK's form of keys as ours. */
export function keysFromSdk(keys: SdkKeys): AwsKeys {
  return {
    accessKeyId: keys.accessKeyId,
    secretAccessKey: keys.secretAccessKey,
    sessionToken: keys.sessionToken,
    expiration: keys.expiration?.getTime(),
  };
}

/** Our keys in the SDK's form. */
export function keysForSdk(keys: AwsKeys): { accessKeyId: string; secretAccessKey: string; sessionToken?: string } {
  const { accessKeyId, secretAccessKey, sessionToken } = keys;
  return sessionToken === undefined ? { accessKeyId, secretAccessKey } : { accessKeyId, secretAccessKey, sessionToken };
}

/** An access key id that can be shown: its kind and its end, `AKIA…WXYZ`. */
export function shortKeyId(accessKeyId: string): string {
  return accessKeyId.length < 12 ? "…" : `${accessKeyId.slice(0, 4)}…${accessKeyId.slice(-4)}`;
}
