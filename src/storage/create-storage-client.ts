import { StorageError } from "../errors.ts";
import { networkFromEnvironment } from "../network/network-from-environment.ts";
import type { NetworkProfile } from "../network/network-profile.ts";
import { type Clock, type Random, systemClock } from "../telemetry/clock.ts";
import { type Logger, silentLogger } from "../telemetry/logger.ts";
import { describeUri } from "../uri/describe-uri.ts";
import type { ObjectUri } from "../uri/object-uri.ts";
import { parseUri } from "../uri/parse-uri.ts";
import { throwIfAborted } from "./cancellation.ts";
import { type CommonParameters, networkOverrides } from "./common-parameters.ts";
import type { Environment, SecretValues } from "./provider-definition.ts";
import { createProviderRegistry, type ProviderRegistry } from "./provider-registry.ts";
import type { ProviderName, Storage } from "./storage.ts";
import { type ParameterInput, validateParameters } from "./validate-parameters.ts";

export interface StorageClientOptions {
  /** `s3://bucket/prefix`, `https://host/dir/`, `local:///path`, …; or a URI that was parsed already. */
  readonly storageUri: string | ObjectUri;
  /** The provider's and the common parameters; unknown names are refused. */
  readonly parameters?: ParameterInput | undefined;
  /** Decoded values of the Secret that belongs to the storage. */
  readonly secret?: SecretValues | undefined;
  /** Default: `process.env`. */
  readonly env?: Environment | undefined;
  /** Default: what the environment says. The parameters `caBundle`, `httpsProxy`, `httpProxy`, `noProxy` stand above it. */
  readonly network?: NetworkProfile | undefined;
  readonly logger?: Logger | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  /**
   * Absolute directories in which files of this machine may lie that are read, wherever symbolic links lead. Default: anywhere that the
   * process may read. For callers who may read more than who gave them the URI.
   */
  readonly localDirectories?: readonly string[] | undefined;
  /** Default: the built-in providers. */
  readonly registry?: ProviderRegistry | undefined;
  /** Ends the opening, not the client that came out of it. */
  readonly signal?: AbortSignal | undefined;
}

export interface StorageClient {
  readonly client: Storage;
  readonly provider: ProviderName;
  /** The parsed `storageUri`: what to list, describe or read with the client. */
  readonly objectUri: ObjectUri;
}

/**
 * Opens the storage that a URI names: finds its provider, validates the parameters, builds credentials and network.
 * Everything that can be known to be wrong without a network is refused first. Close the client when done.
 *
 * @throws StorageError `config_invalid` for a malformed URI or parameter, `unsupported` for a family without a provider,
 * `unauthenticated` when an identity that was asked for is not there, `cancelled`.
 */
export async function createStorageClient(options: StorageClientOptions): Promise<StorageClient> {
  const { clock = systemClock, random = Math.random, logger = silentLogger, signal } = options;
  const env = options.env ?? process.env;
  const registry = options.registry ?? createProviderRegistry();
  const uri =
    typeof options.storageUri === "string"
      ? parseUri(options.storageUri, { pluginSchemes: registry.pluginSchemes })
      : options.storageUri;
  const target = describeUri(uri);
  throwIfAborted(signal, "open storage", target);
  const definition = await registry.providerFor(uri);
  const { common, own } = validateParameters(definition, options.parameters ?? {});
  const overrides = networkOverrides(common);
  const network =
    overrides === undefined && options.network !== undefined ? options.network : networkFromEnvironment(env, overrides);
  const secret = chooseToken(options.secret ?? {}, common);
  const settings = { uri, parameters: own, secret, env };
  const auth = definition.authType(settings);
  const { localDirectories } = options;
  const client = await definition.open({
    ...settings,
    network,
    localDirectories,
    clock,
    random,
    logger: logger.child({ uri: target }),
    signal,
  });
  logger.debug({ provider: definition.name, uri: target, auth }, "storage opened");
  return { client, provider: definition.name, objectUri: uri };
}

/** Puts the entry that `secretKey` names where providers look for it. */
function chooseToken(secret: SecretValues, common: CommonParameters): SecretValues {
  const { secretKey } = common;
  if (secretKey === undefined || Object.keys(secret).length === 0) return secret;
  const token = secret[secretKey];
  if (token !== undefined) return { ...secret, token };
  throw new StorageError({
    code: "config_invalid",
    operation: "read parameters",
    target: "secretKey",
    detail: `the Secret has no entry ${JSON.stringify(secretKey)}`,
    hint: `Its entries are: ${Object.keys(secret).sort().join(", ")}.`,
  });
}
