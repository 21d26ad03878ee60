import { chooseOciSettings } from "../../../auth/oci/choose-settings.ts";
import type { OciUri } from "../../../uri/object-uri.ts";
import type { ProviderSettings } from "../../provider-definition.ts";
import { ociError } from "./errors.ts";
import type { OciParameters } from "./parameters.ts";
import { type PreauthenticatedRequest, readPreauthenticatedRequest } from "./preauthenticated-request.ts";

/** What a client works with, decided from URI, parameters, Secret and environment alone. */
export interface OciSettings {
  /** Undefined: the region's own. */
  readonly endpoint: string | undefined;
  /** Identifier or key; undefined: the principal's. The URI of a request stands above it. */
  readonly region: string | undefined;
  /** Undefined: it is asked for. The URI of a request stands above it. */
  readonly namespace: string | undefined;
  /** Present: nothing is signed. */
  readonly preauthenticated: PreauthenticatedRequest | undefined;
}

/** Name of the entry in a Secret, and its other spelling. */
const secretNames = ["preauthenticatedRequest", "preauthenticated_request"] as const;

/**
 * Chooses endpoint, region and namespace. Best first: the URI, the parameters, the Secret, the environment (`OCI_REGION`,
 * `OCI_CLI_REGION`); the principal's own region where none of them names one.
 *
 * @throws StorageError `config_invalid` for a pre-authenticated request that does not fit, or beside a login.
 */
export function chooseSettings(input: ProviderSettings<OciUri, OciParameters>): OciSettings {
  const { uri, parameters } = input;
  const text = preauthenticatedText(input);
  if (text === undefined) {
    const { region } = chooseOciSettings(input);
    return { endpoint: parameters.endpoint, region, namespace: parameters.namespace, preauthenticated: undefined };
  }
  const given: Readonly<Record<string, unknown>> = parameters;
  const login = ["auth", "authType", "auth_type"].find((name) => given[name] !== undefined);
  if (login !== undefined) {
    const hint = "Leave one of the two out: a pre-authenticated request takes no login.";
    throw ociError(
      "config_invalid",
      { operation: "open storage", uri },
      `${login} has no meaning with preauthenticatedRequest`,
      hint,
    );
  }
  const preauthenticated = readPreauthenticatedRequest(text, uri);
  const { region } = chooseOciSettings({ ...input, parameters: { region: given["region"] }, secret: {} });
  return { endpoint: parameters.endpoint, region, namespace: preauthenticated.namespace, preauthenticated };
}

/** The address of a pre-authenticated request in the parameters, else in the Secret. */
export function preauthenticatedText({
  parameters,
  secret,
}: Pick<ProviderSettings<OciUri, OciParameters>, "parameters" | "secret">): string | undefined {
  const given = parameters.preauthenticatedRequest ?? secretNames.map((name) => secret[name]?.trim()).find(Boolean);
  return given || undefined;
}
