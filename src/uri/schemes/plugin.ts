import type { PluginUri } from "../object-uri.ts";
import { splitFirstSegment, type UriText } from "../scheme-family.ts";

/** Whatever follows the scheme is for the plug-in to judge; only the first slash means something here. */
export function parsePluginUri(input: UriText): PluginUri {
  const [authority, key] = splitFirstSegment(input.rest);
  return { provider: "plugin", scheme: input.scheme, authority, key };
}

export function formatPluginUri({ scheme, authority, key }: PluginUri): string {
  return `${scheme}://${authority}${key === "" ? "" : `/${key}`}`;
}
