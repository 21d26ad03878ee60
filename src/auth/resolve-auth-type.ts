import { StorageError } from "../errors.ts";
import { nearestName } from "../uri/nearest-name.ts";
import { type AuthProvider, type AuthTypeOf, type AuthTypeTable, authTypes } from "./auth-types.ts";

/**
 * The canonical auth type for a name as people write it; undefined for no name, so that the caller can look at the other
 * settings before it takes the provider's default.
 *
 * @throws StorageError `config_invalid` for an unknown name, listing the provider's own and the nearest.
 */
export function resolveAuthType<P extends AuthProvider>(
  provider: P,
  name: string | undefined,
): AuthTypeOf<P> | undefined {
  const wanted = normalize(name ?? "");
  if (wanted === "") return undefined;
  const { types }: AuthTypeTable = authTypes[provider];
  const spellings = new Map<string, string>();
  for (const [canonical, aliases] of Object.entries(types)) {
    for (const spelling of [canonical, ...aliases]) spellings.set(normalize(spelling), canonical);
  }
  const found = spellings.get(wanted);
  if (found !== undefined) return found as AuthTypeOf<P>;
  const nearest = nearestName(wanted, spellings.keys());
  const suggestion = nearest === undefined ? "" : `Did you mean "${spellings.get(nearest)}"? `;
  throw new StorageError({
    code: "config_invalid",
    operation: "choose auth type",
    provider,
    detail: `"${name}" is no auth type of ${provider}`,
    hint: `${suggestion}Supported: ${Object.keys(types).join(", ")}.`,
  });
}

/** `AWSAccessKey`, `aws_access_key` and `Aws-Access-Key` are one spelling. */
function normalize(name: string): string {
  return name.toLowerCase().replace(/[\s_-]/g, "");
}
