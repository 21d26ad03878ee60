import { StorageError } from "../errors.ts";
import { describeUri } from "../uri/describe-uri.ts";
import type { ObjectUri } from "../uri/object-uri.ts";
import { builtInProviders, type LazyProvider } from "./built-in-providers.ts";
import { commonParameters } from "./common-parameters.ts";
import type { ProviderDefinition } from "./provider-definition.ts";

/** Which provider opens which URI. Immutable: two registries in one process know nothing of each other. */
export interface ProviderRegistry {
  /** Schemes that plug-ins own, for `parseUri`. */
  readonly pluginSchemes: ReadonlySet<string>;
  /** Names of all providers, plug-ins first. */
  readonly names: readonly string[];
  /** Loads the provider of a URI. Throws `unsupported` when no provider takes it. */
  providerFor(uri: ObjectUri): Promise<ProviderDefinition>;
}

const schemePattern = /^[a-z][a-z0-9+.-]*$/;

/**
 * A registry of the built-in providers and the given plug-ins. A plug-in owns schemes of its own, or stands in for the
 * built-in provider of a URI family (an S3 client with a cache, say).
 *
 * @throws StorageError `config_invalid` for a plug-in that claims what another one has, a scheme that is no scheme, or a
 * parameter name that is common to all providers.
 */
export function createProviderRegistry(plugins: readonly ProviderDefinition[] = []): ProviderRegistry {
  for (const [index, plugin] of plugins.entries()) checkPlugin(plugin, plugins.slice(0, index));
  const loaded: readonly LazyProvider[] = plugins.map((plugin) => ({ ...plugin, load: async () => plugin }));
  return {
    pluginSchemes: new Set(plugins.flatMap((plugin) => plugin.schemes ?? [])),
    names: [...new Set([...plugins, ...builtInProviders].map((provider) => provider.name))],
    providerFor: async (uri) => {
      const found =
        uri.provider === "plugin"
          ? plugins.find((plugin) => plugin.schemes?.includes(uri.scheme))
          : await [...loaded, ...builtInProviders].find((entry) => entry.uriProviders.includes(uri.provider))?.load();
      if (found !== undefined) return found;
      throw new StorageError({
        code: "unsupported",
        operation: "open storage",
        target: describeUri(uri),
        detail: `no provider for ${uri.provider === "plugin" ? uri.scheme : uri.provider} is registered`,
        hint: "Register a plug-in for it with createProviderRegistry, or use another source.",
      });
    },
  };
}

function checkPlugin(plugin: ProviderDefinition, before: readonly ProviderDefinition[]): void {
  const schemes = plugin.schemes ?? [];
  const families = plugin.uriProviders.filter((family) => family !== "plugin");
  if (plugin.name.trim() === "") throw invalid(plugin, "it has no name", "Give it a short name, such as its scheme.");
  if (schemes.length === 0 && families.length === 0) {
    throw invalid(plugin, "it takes no URI", 'Give it schemes and uriProviders: ["plugin"], or a built-in family.');
  }
  if (schemes.length > 0 !== plugin.uriProviders.includes("plugin")) {
    throw invalid(plugin, "schemes and uriProviders disagree", 'A plug-in with schemes has uriProviders: ["plugin"].');
  }
  const badScheme = schemes.find((scheme) => !schemePattern.test(scheme));
  if (badScheme !== undefined) {
    const hint = "Write it in lower case, without ://, starting with a letter.";
    throw invalid(plugin, `${JSON.stringify(badScheme)} is no URI scheme`, hint);
  }
  for (const other of before) {
    const scheme = schemes.find((candidate) => other.schemes?.includes(candidate));
    const family = families.find((candidate) => other.uriProviders.includes(candidate));
    const claimed = scheme ?? family;
    if (claimed === undefined) continue;
    throw invalid(plugin, `plug-in ${other.name} has ${claimed} already`, "Register only one of the two.");
  }
  const repeated = Object.keys(plugin.parameters.shape).find((name) => name in commonParameters.shape);
  if (repeated !== undefined) {
    throw invalid(plugin, `parameter ${repeated} is common to all providers`, "Choose another name for it.");
  }
}

function invalid(plugin: ProviderDefinition, detail: string, hint: string): StorageError {
  return new StorageError({ code: "config_invalid", operation: "register plug-in", target: plugin.name, detail, hint });
}
