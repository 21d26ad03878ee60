import assert from "node:assert/strict";
import { test } from "node:test";
import { ociProvider } from "../../../../src/storage/providers/oci/definition.ts";
import { chooseSettings } from "../../../../src/storage/providers/oci/settings.ts";
import type { OciUri } from "../../../../src/uri/object-uri.ts";
import { parseUri } from "../../../../src/uri/parse-uri.ts";
import { watchSecrets } from "../../../support/secret-watch.ts";

const watch = watchSecrets();
watch.logger.debug({}, "settings are not logged");

const token = `TOPSECRET${"a".repeat(30)}`;
const address = `https://objectstorage.us-ashburn-1.oraclecloud.com/p/${token}/n/ns/b/bkt/o/`;

type Values = Record<string, string>;
const input = (uri: string, parameters: Values = {}, secret: Values = {}, env: Values = {}) => ({
  uri: parseUri(uri) as OciUri,
  parameters: ociProvider.parameters.parse(parameters),
  secret,
  env,
});
const choose = (...values: Parameters<typeof input>) => chooseSettings(input(...values));

test("OME's models need their two parameters and nothing else", () => {
  const settings = choose("oci://n/ns/b/bkt/o/llama", { auth: "InstancePrincipal", region: "us-chicago-1" });
  assert.deepEqual(settings, {
    endpoint: undefined,
    region: "us-chicago-1",
    namespace: undefined,
    preauthenticated: undefined,
  });
  assert.equal(
    ociProvider.authType(input("oci://n/ns/b/bkt/o/llama", { auth: "InstancePrincipal" })),
    "instance_principal",
  );
  assert.equal(ociProvider.authType(input("oci://n/ns/b/bkt/o/llama")), "instance_principal");
  const env = { OCI_REGION: "eu-frankfurt-1" };
  assert.equal(choose("oci://bkt", {}, {}, env).region, "eu-frankfurt-1");
  assert.equal(choose("oci://bkt", { region: "uk-london-1" }, {}, env).region, "uk-london-1");
  assert.equal(choose("oci://bkt", {}, { region: "ap-tokyo-1" }, env).region, "ap-tokyo-1");
});

test("parameters that nobody knows are refused", () => {
  assert.throws(() => ociProvider.parameters.parse({ regoin: "us-ashburn-1" }), /regoin/);
  assert.throws(() => ociProvider.parameters.parse({ endpoint: "minio" }));
});

test("a pre-authenticated request comes from parameter or Secret, whole or as the service prints it", () => {
  for (const [text, base, object] of [
    [address, `https://objectstorage.us-ashburn-1.oraclecloud.com/p/${token}`, undefined],
    [`/p/${token}/n/ns/b/bkt/o/`, `/p/${token}`, undefined],
    [
      `https://ns.objectstorage.us-ashburn-1.oci.customer-oci.com/p/${token}/n/ns/b/bkt/o/llama/`,
      `https://ns.objectstorage.us-ashburn-1.oci.customer-oci.com/p/${token}`,
      undefined,
    ],
    [`${address}a%20b%2Fc`, `https://objectstorage.us-ashburn-1.oraclecloud.com/p/${token}`, "a b/c"],
  ] as const) {
    for (const [parameters, secret] of [
      [{ preauthenticatedRequest: text }, {}],
      [{}, { preauthenticated_request: `${text}\n` }],
    ] as const) {
      const settings = choose("oci://bkt/llama/", parameters, secret);
      assert.deepEqual(settings.preauthenticated, { base, namespace: "ns", bucket: "bkt", object });
      assert.equal(settings.namespace, "ns");
      assert.equal(ociProvider.authType(input("oci://bkt/llama/", parameters, secret)), "preauthenticated_request");
    }
  }
});

test("a pre-authenticated request for another place, or beside a login, is refused without being shown", async () => {
  const refused = async (...values: Parameters<typeof input>) => {
    const error = await watch.rejection(() => choose(...values));
    assert.equal(error.code, "config_invalid");
    return error.message;
  };
  const given = { preauthenticatedRequest: address };
  assert.match(await refused("oci://other/llama", given), /is for bucket bkt/);
  assert.match(await refused("oci://n/other/b/bkt/o/", given), /is for namespace ns/);
  assert.match(
    await refused("oci://bkt", { ...given, auth: "user_principal" }),
    /auth has no meaning with preauthenticatedRequest/,
  );
  assert.match(
    await refused("oci://bkt", { preauthenticatedRequest: `https://h/p/${token}/x` }),
    /is not the address of one/,
  );
  assert.match(await refused("oci://bkt", { preauthenticatedRequest: token }), /is not the address of one/);
});
