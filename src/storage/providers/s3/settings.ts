import { StorageError } from "../../../errors.ts";
import { describeUri } from "../../../uri/describe-uri.ts";
import type { S3Uri } from "../../../uri/object-uri.ts";
import type { Environment } from "../../provider-definition.ts";
import type { S3Parameters } from "./parameters.ts";
import { recognizeEndpoint, type ServiceName, type ServicePreset, servicePresets } from "./service-presets.ts";

/** What a client works with, decided from URI, parameters and environment alone. */
export interface S3Settings {
  readonly service: ServiceName;
  readonly preset: ServicePreset;
  /** With `{region}` in it where it depends on the region; undefined: the SDK knows. */
  readonly endpoint: string | undefined;
  /** Undefined: the bucket is asked. The URI of a request stands above it. */
  readonly region: string | undefined;
  readonly addressingStyle: "path" | "virtual";
  readonly requesterPays: boolean;
  /** Reads this version of the object with this key, where both are set. */
  readonly versionId: string | undefined;
  readonly versionedKey: string;
  readonly fips: boolean;
  readonly dualStack: boolean;
}

interface Input {
  readonly uri: S3Uri;
  readonly parameters: S3Parameters;
  readonly env: Environment;
  /** Region of the profile in the shared configuration files. */
  readonly profileRegion: string | undefined;
}

/**
 * Chooses service, endpoint and region. Best first: the URI, the parameters, the environment (`AWS_ENDPOINT_URL_S3`,
 * `AWS_ENDPOINT_URL`, `AWS_REGION`, `AWS_DEFAULT_REGION`), the profile, the service's own default.
 *
 * @throws StorageError `config_invalid` when a service lacks what its address is made of, or is given what it has no use for.
 */
export function chooseSettings(input: Input): S3Settings {
  const { uri, parameters, env } = input;
  const given = parameters.endpoint ?? environmentEndpoint(input);
  const recognized = given === undefined ? undefined : recognizeEndpoint(given);
  const service = parameters.service ?? recognized?.service ?? "aws";
  const preset = servicePresets[service];
  refuseUnused(input, service, preset, given);
  const region =
    uri.region ??
    parameters.region ??
    recognized?.region ??
    (preset.defaultRegion === "auto" ? undefined : variable(env, "AWS_REGION", "AWS_DEFAULT_REGION")) ??
    (service === "aws" ? input.profileRegion : undefined) ??
    (preset.defaultRegion === "discovered" || preset.defaultRegion === "required" ? undefined : preset.defaultRegion);
  if (region === undefined && preset.defaultRegion === "required" && given === undefined) {
    throw invalid(
      uri,
      `${preset.title} needs a region`,
      `Write s3://${uri.bucket}@{region}/{prefix}, or set the parameter region.`,
    );
  }
  if (parameters.versionId !== undefined && (uri.key === "" || uri.key.endsWith("/"))) {
    throw invalid(
      uri,
      "versionId names one version of one object, and the URI names no object",
      "Give the object's whole key in the URI, or leave versionId out.",
    );
  }
  return {
    service,
    preset,
    endpoint: given ?? presetEndpoint(uri, preset, parameters),
    region: region ?? (given === undefined || service === "aws" ? undefined : "us-east-1"),
    addressingStyle: parameters.addressingStyle ?? preset.addressingStyle,
    requesterPays: parameters.requesterPays ?? false,
    versionId: parameters.versionId,
    versionedKey: uri.key,
    fips: variable(env, "AWS_USE_FIPS_ENDPOINT") === "true",
    dualStack: variable(env, "AWS_USE_DUALSTACK_ENDPOINT") === "true",
  };
}

/** The endpoint with its region filled in. */
export function endpointFor(settings: S3Settings, region: string): string | undefined {
  return settings.endpoint?.replace("{region}", region);
}

/** An endpoint of the environment is for Amazon's own protocol users; a service named with an address of its own has that. */
function environmentEndpoint({ uri, parameters, env }: Input): string | undefined {
  const named = parameters.service === undefined ? undefined : servicePresets[parameters.service];
  if (named !== undefined && named.endpoint !== "sdk" && named.endpoint !== "given") return undefined;
  if (variable(env, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")?.toLowerCase() === "true") return undefined;
  for (const name of ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"]) {
    const value = variable(env, name)?.replace(/\/+$/, "");
    if (value === undefined) continue;
    if (/^https?:\/\/[^/]+/i.test(value) && URL.canParse(value)) return value;
    throw invalid(uri, `${name} is no http:// or https:// URL`, `Correct ${name}, or unset it.`);
  }
  return undefined;
}

function presetEndpoint(uri: S3Uri, preset: ServicePreset, parameters: S3Parameters): string | undefined {
  if (preset.endpoint === "sdk") return undefined;
  if (preset.endpoint === "given") {
    throw invalid(
      uri,
      `${preset.title} has no address of its own`,
      "Set the parameter endpoint, such as https://minio.example:9000, or AWS_ENDPOINT_URL_S3.",
    );
  }
  return preset.endpoint.replace(/\{(account|namespace)\}/g, (_whole, name: "account" | "namespace") => {
    const value = parameters[name];
    if (value !== undefined) return value;
    throw invalid(uri, `${preset.title} needs the parameter ${name}`, `Set ${name}, or the parameter endpoint.`);
  });
}

function refuseUnused(
  { uri, parameters }: Input,
  service: ServiceName,
  preset: ServicePreset,
  given: string | undefined,
): void {
  for (const name of ["account", "namespace"] as const) {
    if (parameters[name] === undefined) continue;
    if (given === undefined && preset.endpoint.includes(`{${name}}`)) continue;
    const why = given === undefined ? `service ${service}` : "an endpoint";
    throw invalid(uri, `the parameter ${name} has no meaning with ${why}`, `Leave ${name} out.`);
  }
}

function variable(env: Environment, ...names: readonly string[]): string | undefined {
  return names.map((name) => env[name]?.trim()).find((value) => value !== undefined && value !== "");
}

function invalid(uri: S3Uri, detail: string, hint: string): StorageError {
  return new StorageError({
    code: "config_invalid",
    operation: "open storage",
    provider: "s3",
    target: describeUri(uri),
    detail,
    hint,
  });
}
