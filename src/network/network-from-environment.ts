import { createHash } from "node:crypto";
import { StorageError } from "../errors.ts";
import { additionalCertificates, readCaBundle } from "./ca-bundle.ts";
import { directNetwork, type NetworkProfile } from "./network-profile.ts";

/** Settings that stand above the environment; an empty string switches the setting off. */
export interface NetworkOverrides {
  /** Path of a PEM file, or the PEM text itself. Replaces the environment's bundles. */
  readonly caBundle?: string | undefined;
  readonly httpsProxy?: string | undefined;
  readonly httpProxy?: string | undefined;
  /** Comma or blank separated, as in `NO_PROXY`. */
  readonly noProxy?: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Variables that name a PEM file. All that are set count: each is somebody's statement that these authorities are trusted. */
const caVariables = ["AWS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"] as const;

/**
 * Reads proxies and certificate authorities from an environment. Proxies: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` (for both),
 * `NO_PROXY`; the lower-case spelling wins where both are set, as in curl. Authorities: the certificates of `AWS_CA_BUNDLE`,
 * `SSL_CERT_FILE` and `NODE_EXTRA_CA_CERTS` together are trusted in addition to Node's own; bundles of other programs
 * (`REQUESTS_CA_BUNDLE`, `CURL_CA_BUNDLE`) are not read.
 *
 * @throws StorageError `config_invalid` for a bundle that cannot be read or holds no certificate, and for a proxy that is no
 * `http:` or `https:` URL; the message names the variable.
 */
export function networkFromEnvironment(env: Environment, overrides: NetworkOverrides = {}): NetworkProfile {
  const extraCa =
    overrides.caBundle === undefined
      ? caVariables.map((name) => readCaBundle(env[name], name)).join("")
      : readCaBundle(overrides.caBundle, "caBundle");
  const fallback = variable(env, "ALL_PROXY");
  const httpsProxy = chooseProxy(overrides.httpsProxy, "httpsProxy", variable(env, "HTTPS_PROXY") ?? fallback);
  const httpProxy = chooseProxy(overrides.httpProxy, "httpProxy", variable(env, "HTTP_PROXY") ?? fallback);
  const noProxy = (overrides.noProxy ?? variable(env, "NO_PROXY")?.value ?? "")
    .split(/[\s,]+/)
    .filter((entry) => entry !== "");
  const content = { extraCa: additionalCertificates(extraCa), httpProxy, httpsProxy, noProxy };
  if (content.extraCa === "" && httpProxy === undefined && httpsProxy === undefined) return directNetwork;
  return { id: createHash("sha256").update(JSON.stringify(content)).digest("hex").slice(0, 32), ...content };
}

interface Setting {
  readonly name: string;
  readonly value: string;
}

/** The lower-case variable, else the upper-case one; an empty value counts as not set. */
function variable(env: Environment, upperName: string): Setting | undefined {
  for (const name of [upperName.toLowerCase(), upperName]) {
    const value = env[name]?.trim();
    if (value !== undefined && value !== "") return { name, value };
  }
  return undefined;
}

function chooseProxy(
  override: string | undefined,
  overrideName: string,
  setting: Setting | undefined,
): string | undefined {
  if (override === "") return undefined;
  const chosen = override === undefined ? setting : { name: overrideName, value: override };
  return chosen === undefined ? undefined : parseProxy(chosen);
}

function parseProxy({ name, value }: Setting): string {
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.hostname === "" || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new StorageError({
      code: "config_invalid",
      operation: "read network settings",
      target: name,
      detail: url === undefined ? "the proxy address is not a URL" : `proxies over ${url.protocol} are not supported`,
      hint: `Set ${name} to a proxy such as http://proxy.example:3128, or unset it.`,
    });
  }
  return url.href;
}
