import type { z } from "zod";
import type { NetworkProfile } from "../network/network-profile.ts";
import type { Clock, Random } from "../telemetry/clock.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { ObjectUri, UriProvider } from "../uri/object-uri.ts";
import type { ProviderName, Storage } from "./storage.ts";

/** Decoded values of the Secret that goes with a storage (a Kubernetes Secret's `data`, base64 removed). All secret. */
export type SecretValues = Readonly<Record<string, string>>;

/** Environment variables as they are injected; `process.env` at the edge, a literal in tests. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Everything a provider may look at while it decides who it is and what it opens. */
export interface ProviderSettings<Uri extends ObjectUri = ObjectUri, Parameters = unknown> {
  readonly uri: Uri;
  /** The output of the definition's schema: validated, converted, defaults filled in. */
  readonly parameters: Parameters;
  /** Empty when there is none. */
  readonly secret: SecretValues;
  readonly env: Environment;
}

/** What {@link ProviderDefinition.open} gets. */
export interface OpenContext<Uri extends ObjectUri = ObjectUri, Parameters = unknown>
  extends ProviderSettings<Uri, Parameters> {
  /** Proxies and authorities for every socket of the provider, `caBundle` and proxy parameters already applied. */
  readonly network: NetworkProfile;
  /** Absolute directories in which files of this machine have to lie; anywhere when undefined. */
  readonly localDirectories: readonly string[] | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Ends the opening, not the storage that came out of it. */
  readonly signal: AbortSignal | undefined;
}

/** A `z.strictObject`: parameter names that it does not know are refused. */
export type ParameterSchema = z.ZodObject<z.core.$ZodLooseShape, z.core.$strict>;

/** The URIs of one family, narrowed by their `provider` tag. */
export type UriOf<Family extends UriProvider> = {
  readonly [Name in UriProvider]: Extract<ObjectUri, { readonly provider: Name }>;
}[Family];

/**
 * One provider: which URIs it takes, which parameters it understands and how it is opened. Built-in providers and
 * plug-ins have the same form. A definition holds no state.
 */
export interface ProviderDefinition<
  Family extends UriProvider = UriProvider,
  Schema extends ParameterSchema = ParameterSchema,
> {
  /** Name in logs, metrics, errors and `Storage.provider`: `s3`. */
  readonly name: ProviderName;
  /** Name for people: `Amazon S3 and compatible stores`. */
  readonly title: string;
  /** URI families that it opens; `["plugin"]` for a plug-in with its own `schemes`. */
  readonly uriProviders: readonly Family[];
  /** Schemes of a plug-in, without `://`, in lower case. Absent on built-in providers, whose schemes the URI room knows. */
  readonly schemes?: readonly string[] | undefined;
  /**
   * A `z.strictObject` of the provider's own parameters with the auth type's shape composed in. Values come as strings
   * from manifests and as numbers or booleans from code: use the types of `parameter-types.ts`. The parameters common to
   * all providers (see `common-parameters.ts`) are taken out before and must not be repeated here.
   */
  readonly parameters: Schema;
  /** Auth type in effect, canonical spelling, for the log. Reads its input only; `none` where there is nothing to log in to. */
  authType(settings: ProviderSettings<UriOf<Family>, z.output<Schema>>): string;
  /**
   * Opens the storage. Refuses a wrong combination of settings with `config_invalid` before any network; loads SDKs by
   * `import()`; does not check that the bucket exists.
   */
  open(context: OpenContext<UriOf<Family>, z.output<Schema>>): Promise<Storage>;
}

/** Gives a literal its full types: the context of `open` has the schema's output and the family's URI. */
export function defineProvider<Family extends UriProvider, Schema extends ParameterSchema>(
  definition: ProviderDefinition<Family, Schema>,
): ProviderDefinition<Family, Schema> {
  return definition;
}
