import { readFile } from "node:fs/promises";
import { Region } from "oci-common";
import type { AuthRequest } from "../auth-request.ts";
import { expandHome } from "./config-file.ts";
import type { OciHome } from "./credentials.ts";

/** A region with the domain that its services' names end in. */
export interface ResolvedRegion {
  readonly region: string;
  readonly domain: string;
}

interface RegionEntry extends ResolvedRegion {
  /** Three-letter key, such as `iad`. */
  readonly key: string;
}

const commercialDomain = "oraclecloud.com";

/**
 * A region's identifier and its realm's domain, from its identifier or key. Read, best first: what the principal's metadata
 * says of its own region, the vendor's table, `~/.oci/regions-config.json`, `OCI_REGION_METADATA`. A region that none of them
 * knows is taken to be in the principal's realm (no region of another one can be reached), else in that of
 * `OCI_DEFAULT_REALM`, else in the commercial one.
 */
export async function resolveRegion(
  name: string,
  context: { readonly env: AuthRequest["env"]; readonly home: OciHome | undefined },
): Promise<ResolvedRegion> {
  const { env, home } = context;
  const wanted = name.trim().toLowerCase();
  if (home?.domain !== undefined && home.region === wanted) return { region: wanted, domain: home.domain };
  const known =
    find(vendorRegions(), wanted) ??
    find(await configuredRegions(env), wanted) ??
    find(parseRegions(env["OCI_REGION_METADATA"]), wanted);
  if (known !== undefined) return { region: known.region, domain: known.domain };
  return { region: wanted, domain: home?.domain ?? (env["OCI_DEFAULT_REALM"]?.trim() || commercialDomain) };
}

function find(regions: readonly RegionEntry[], wanted: string): RegionEntry | undefined {
  return regions.find(({ region, key }) => region === wanted || key === wanted);
}

/** The SDK's constants only: its functions read this process's environment and home directory. */
function vendorRegions(): readonly RegionEntry[] {
  return Object.values(Region).flatMap((value: unknown) =>
    value instanceof Region
      ? [{ region: value.regionId, key: value.regionCode ?? "", domain: value.realm.secondLevelDomain }]
      : [],
  );
}

async function configuredRegions(env: AuthRequest["env"]): Promise<readonly RegionEntry[]> {
  try {
    return parseRegions(await readFile(expandHome("~/.oci/regions-config.json", env), "utf8"));
  } catch {
    return [];
  }
}

/** `{"regionIdentifier", "regionKey", "realmDomainComponent"}`, or a list of these; what is not understood is left out. */
function parseRegions(text: string | undefined): readonly RegionEntry[] {
  if (!text) return [];
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return [];
  }
  const entries: readonly unknown[] = Array.isArray(parsed) ? parsed : [parsed];
  return entries.flatMap((entry) => {
    if (typeof entry !== "object" || entry === null) return [];
    const { regionIdentifier, regionKey, realmDomainComponent } = entry as Readonly<Record<string, unknown>>;
    if (typeof regionIdentifier !== "string" || typeof realmDomainComponent !== "string") return [];
    const key = typeof regionKey === "string" ? regionKey.toLowerCase() : "";
    return [{ region: regionIdentifier.toLowerCase(), key, domain: realmDomainComponent.toLowerCase() }];
  });
}
