import assert from "node:assert/strict";
import { test } from "node:test";
import { isStorageError } from "../../../../src/errors.ts";
import { s3Provider } from "../../../../src/storage/providers/s3/definition.ts";
import type { S3Parameters } from "../../../../src/storage/providers/s3/parameters.ts";
import { findRegion } from "../../../../src/storage/providers/s3/profile-region.ts";
import { recognizeEndpoint } from "../../../../src/storage/providers/s3/service-presets.ts";
import { chooseSettings, endpointFor } from "../../../../src/storage/providers/s3/settings.ts";
import { validateParameters } from "../../../../src/storage/validate-parameters.ts";
import type { S3Uri } from "../../../../src/uri/object-uri.ts";
import { parseUri } from "../../../../src/uri/parse-uri.ts";

function choose(
  parameters: Record<string, unknown>,
  options: { uri?: string; env?: Record<string, string>; profileRegion?: string } = {},
) {
  const { own } = validateParameters(s3Provider, parameters);
  const uri = parseUri(options.uri ?? "s3://bucket/model/") as S3Uri;
  const { env = {}, profileRegion } = options;
  const settings = chooseSettings({ uri, parameters: own as S3Parameters, env, profileRegion });
  const { service, region, addressingStyle } = settings;
  return { service, region, addressingStyle, endpoint: endpointFor(settings, region ?? "REGION") };
}

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (isStorageError(error) && error.code === "config_invalid") return error.message;
    throw error;
  }
  return assert.fail("expected a refusal");
}

test("nothing named: Amazon, the bucket is asked for its region", () => {
  const aws = { service: "aws", addressingStyle: "virtual", endpoint: undefined };
  assert.deepEqual(choose({}), { ...aws, region: undefined });
  assert.deepEqual(choose({}, { profileRegion: "eu-north-1" }), { ...aws, region: "eu-north-1" });
});

test("a region comes from the URI, then parameters, then environment, then profile", () => {
  const env = { AWS_REGION: "env-west-1", AWS_DEFAULT_REGION: "env-west-2" };
  const profileRegion = "profile-west-1";
  const regionOf = (parameters: Record<string, unknown>, options: Parameters<typeof choose>[1]) =>
    choose(parameters, options).region;
  const uri = "s3://bucket@uri-west-1/model";
  assert.equal(regionOf({ region: "param-west-1" }, { uri, env, profileRegion }), "uri-west-1");
  assert.equal(regionOf({}, { uri: "aws://us-west-2/bucket/model", env }), "us-west-2");
  assert.equal(regionOf({ region: "param-west-1" }, { env, profileRegion }), "param-west-1");
  assert.equal(regionOf({}, { env, profileRegion }), "env-west-1");
  assert.equal(regionOf({}, { env: { AWS_DEFAULT_REGION: "env-west-2" }, profileRegion }), "env-west-2");
});

test("every preset makes its address from its parts", () => {
  const cases: readonly (readonly [Record<string, unknown>, string, ReturnType<typeof choose>])[] = [
    [
      { service: "minio", endpoint: "https://minio.example:9000/" },
      "s3://bucket/m",
      { service: "minio", region: "us-east-1", addressingStyle: "path", endpoint: "https://minio.example:9000" },
    ],
    [
      { service: "digitalocean" },
      "s3://bucket@nyc3/m",
      {
        service: "digitalocean",
        region: "nyc3",
        addressingStyle: "virtual",
        endpoint: "https://nyc3.digitaloceanspaces.com",
      },
    ],
    [
      { service: "r2", account: "abc123" },
      "s3://bucket/m",
      { service: "r2", region: "auto", addressingStyle: "path", endpoint: "https://abc123.r2.cloudflarestorage.com" },
    ],
    [
      { service: "wasabi", region: "eu-central-2" },
      "s3://bucket/m",
      {
        service: "wasabi",
        region: "eu-central-2",
        addressingStyle: "path",
        endpoint: "https://s3.eu-central-2.wasabisys.com",
      },
    ],
    [
      { service: "b2" },
      "s3://bucket@us-west-004/m",
      {
        service: "b2",
        region: "us-west-004",
        addressingStyle: "path",
        endpoint: "https://s3.us-west-004.backblazeb2.com",
      },
    ],
    [
      { service: "ceph", endpoint: "http://rgw.example:7480" },
      "s3://bucket/m",
      { service: "ceph", region: "us-east-1", addressingStyle: "path", endpoint: "http://rgw.example:7480" },
    ],
    [
      { service: "oci", namespace: "tenancy", region: "eu-frankfurt-1" },
      "s3://bucket/m",
      {
        service: "oci",
        region: "eu-frankfurt-1",
        addressingStyle: "path",
        endpoint: "https://tenancy.compat.objectstorage.eu-frankfurt-1.oraclecloud.com",
      },
    ],
    [
      { service: "generic", endpoint: "http://127.0.0.1:9000", addressingStyle: "virtual" },
      "s3://bucket/m",
      { service: "generic", region: "us-east-1", addressingStyle: "virtual", endpoint: "http://127.0.0.1:9000" },
    ],
  ];
  for (const [parameters, uri, expected] of cases) assert.deepEqual(choose(parameters, { uri }), expected);
});

test("a service is recognised by its endpoint, its region too", () => {
  const cases = {
    "https://s3.eu-west-1.amazonaws.com": ["aws", "eu-west-1"],
    "https://s3.amazonaws.com": ["aws", undefined],
    "https://s3.dualstack.us-east-2.amazonaws.com": ["aws", "us-east-2"],
    "https://s3.cn-north-1.amazonaws.com.cn": ["aws", "cn-north-1"],
    "https://bucket.vpce-1a2b3c4d-5e6f.s3.us-east-1.vpce.amazonaws.com": ["aws", "us-east-1"],
    "https://fra1.digitaloceanspaces.com": ["digitalocean", "fra1"],
    "https://abc.r2.cloudflarestorage.com": ["r2", undefined],
    "https://abc.eu.r2.cloudflarestorage.com": ["r2", undefined],
    "https://s3.ap-southeast-1.wasabisys.com": ["wasabi", "ap-southeast-1"],
    "https://s3.eu-central-003.backblazeb2.com": ["b2", "eu-central-003"],
    "https://ns.compat.objectstorage.us-ashburn-1.oraclecloud.com": ["oci", "us-ashburn-1"],
    "https://ns.compat.objectstorage.us-ashburn-1.oci.customer-oci.com": ["oci", "us-ashburn-1"],
    "http://localhost:9000": ["generic", undefined],
    "https://amazonaws.com.example": ["generic", undefined],
  };
  for (const [endpoint, [service, region]] of Object.entries(cases)) {
    assert.deepEqual(recognizeEndpoint(endpoint), { service, region }, endpoint);
  }
});

test("an endpoint of the environment is used where the parameters name none", () => {
  const env = { AWS_ENDPOINT_URL: "http://general.example", AWS_ENDPOINT_URL_S3: "http://s3.example/" };
  assert.equal(choose({}, { env }).endpoint, "http://s3.example");
  assert.equal(choose({}, { env: { AWS_ENDPOINT_URL: env.AWS_ENDPOINT_URL } }).endpoint, "http://general.example");
  assert.equal(choose({ service: "minio" }, { env }).endpoint, "http://s3.example");
  assert.equal(choose({ endpoint: "http://parameter.example" }, { env }).endpoint, "http://parameter.example");
  assert.equal(choose({ service: "wasabi" }, { env }).endpoint, "https://s3.us-east-1.wasabisys.com");
  const ignored = { ...env, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "true" };
  assert.equal(choose({}, { env: ignored }).endpoint, undefined);
  assert.match(
    refusal(() => choose({}, { env: { AWS_ENDPOINT_URL: "minio:9000" } })),
    /AWS_ENDPOINT_URL is no http:\/\/ or https:\/\/ URL/,
  );
});

test("what is missing or has no meaning is refused before any request", () => {
  const cases: readonly (readonly [Record<string, unknown>, RegExp])[] = [
    [{ service: "minio" }, /MinIO has no address of its own.*parameter endpoint/],
    [{ service: "digitalocean" }, /DigitalOcean Spaces needs a region/],
    [{ service: "r2" }, /Cloudflare R2 needs the parameter account/],
    [{ service: "oci", region: "eu-frankfurt-1" }, /needs the parameter namespace/],
    [{ account: "abc" }, /the parameter account has no meaning with service aws/],
    [{ service: "r2", account: "abc", endpoint: "https://x.r2.cloudflarestorage.com" }, /no meaning with an endpoint/],
    [{ versionId: "v1" }, /names no object/],
  ];
  for (const [parameters, message] of cases)
    assert.match(
      refusal(() => choose(parameters)),
      message,
    );
  const invalid: readonly (readonly [Record<string, unknown>, RegExp])[] = [
    [{ service: "mini" }, /parameter service: must be one of aws, minio/],
    [{ endpoint: "localhost:9000" }, /parameter endpoint: must be an absolute http/],
    [{ regoin: "eu-west-1" }, /has no parameter "regoin".*Did you mean "region"/],
    [{ region: "eu west" }, /parameter region: must be a region/],
    [{ addressingStyle: "auto" }, /parameter addressingStyle: must be path or virtual/],
    [{ requesterPays: "yes" }, /parameter requesterPays: must be true or false/],
  ];
  for (const [parameters, message] of invalid)
    assert.match(
      refusal(() => choose(parameters)),
      message,
    );
});

test("the region of a profile is found in its section only", () => {
  const text = `# shared
[default]
region = eu-west-1
[profile  dev]
output=json
region=us-west-2 ; the second one
[profile other]
s3 =
  region = nested
`;
  assert.equal(findRegion(text, ["profile default", "default"]), "eu-west-1");
  assert.equal(findRegion(text, ["profile dev"]), "us-west-2");
  assert.equal(findRegion(text, ["profile other"]), undefined);
  assert.equal(findRegion(text, ["profile none"]), undefined);
});
