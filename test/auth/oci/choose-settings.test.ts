import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseOciSettings } from "../../../src/auth/oci/choose-settings.ts";
import { watchSecrets } from "../../support/secret-watch.ts";

const watch = watchSecrets();
watch.logger.debug({}, "settings are not logged");

type Values = Record<string, string>;
const choose = (parameters: Values, secret: Values = {}, env: Values = {}) =>
  chooseOciSettings({ parameters, secret, env });

const key = {
  tenancy: "ocid1.tenancy.oc1..aaaa",
  user: "ocid1.user.oc1..bbbb",
  privateKey: "TOPSECRET-key",
};

test("nothing but OME's parameters means the instance's principal in the region given", () => {
  assert.deepEqual(choose({}), { type: "instance_principal", region: undefined });
  assert.deepEqual(choose({ region: "us-chicago-1" }), { type: "instance_principal", region: "us-chicago-1" });
  assert.deepEqual(choose({ auth: "InstancePrincipal", region: "ORD" }), { type: "instance_principal", region: "ord" });
  assert.deepEqual(choose({}, {}, { OCI_REGION: "eu-frankfurt-1" }), {
    type: "instance_principal",
    region: "eu-frankfurt-1",
  });
  assert.deepEqual(choose({}, {}, { OCI_CONFIG_PATH: "/c", PROFILE: "X" }).type, "instance_principal");
});

test("every spelling of every type is understood", () => {
  for (const [spelling, type] of [
    ["UserPrincipal", "user_principal"],
    ["OCIUserPrincipal", "user_principal"],
    ["user_principal", "user_principal"],
    ["ResourcePrincipal", "resource_principal"],
    ["OkeWorkloadIdentity", "workload_identity"],
    ["OCIOkeWorkloadIdentity", "workload_identity"],
    ["workload-identity", "workload_identity"],
    ["session_token", "session_token"],
    ["OCIInstancePrincipal", "instance_principal"],
  ] as const) {
    assert.equal(choose({ auth: spelling }).type, type, spelling);
  }
});

test("a user's profile comes from parameters, then the environment, with OME's variables", () => {
  const env = { OCI_CONFIG_PATH: "/etc/oci/config", PROFILE: "OPS" };
  assert.deepEqual(choose({ auth: "UserPrincipal" }, {}, env), {
    type: "user_principal",
    from: "profile",
    configFile: "/etc/oci/config",
    profile: "OPS",
    passphrase: undefined,
    region: undefined,
  });
  const own = choose({ auth: "UserPrincipal", profile: "MINE", config_path: "/mine" }, {}, env);
  assert.deepEqual(
    [own.type, "profile" in own && own.profile, "configFile" in own && own.configFile],
    ["user_principal", "MINE", "/mine"],
  );
  const plain = choose({ auth: "UserPrincipal" });
  assert.deepEqual(
    ["profile" in plain && plain.profile, "configFile" in plain && plain.configFile],
    ["DEFAULT", undefined],
  );
  assert.equal(choose({ profile: "MINE" }).type, "user_principal");
});

test("USE_SESSION_TOKEN turns a user's profile into its session, and says nothing to other types", () => {
  assert.equal(choose({ auth: "UserPrincipal" }, {}, { USE_SESSION_TOKEN: "true" }).type, "session_token");
  assert.equal(choose({ auth: "UserPrincipal", use_session_token: "True" }).type, "session_token");
  assert.equal(
    choose({ auth: "UserPrincipal", use_session_token: "false" }, {}, { USE_SESSION_TOKEN: "true" }).type,
    "user_principal",
  );
  assert.equal(choose({}, {}, { USE_SESSION_TOKEN: "true" }).type, "instance_principal");
});

test("a key in the Secret is a user's, whatever the environment's profile is", () => {
  const settings = choose({}, { ...key, region: "us-phoenix-1", pass_phrase: "TOPSECRET" }, { PROFILE: "X" });
  assert.deepEqual(settings, {
    type: "user_principal",
    from: "settings",
    origin: "secret",
    tenancy: key.tenancy,
    user: key.user,
    fingerprint: undefined,
    privateKey: key.privateKey,
    passphrase: "TOPSECRET",
    region: "us-phoenix-1",
  });
});

test("half a key, unknown types and contradictions are refused before anything is asked", async () => {
  const { user: _user, ...half } = key;
  const refused = async (parameters: Values, secret: Values = {}) => {
    const error = await watch.rejection(() => choose(parameters, secret));
    assert.equal(error.code, "config_invalid");
    return error.message;
  };
  assert.match(await refused({}, half), /user is missing beside tenancy/);
  assert.match(await refused({ auth: "root" }), /"root" is no auth type of oci.*instance_principal, user_principal/);
  assert.match(
    await refused({ auth: "instance_principal", user: key.user }),
    /user has no meaning with auth instance_principal/,
  );
  assert.match(await refused({ region: "us ashburn" }), /is not a region such as us-ashburn-1/);
  assert.match(await refused({ auth: "user_principal", tenancy: "mine" }), /is not the OCID of a tenancy/);
  assert.match(
    await refused({ tenancy: key.tenancy, tenancy_ocid: "ocid1.tenancy.oc1..other" }),
    /both tenancy and tenancy_ocid/,
  );
});
