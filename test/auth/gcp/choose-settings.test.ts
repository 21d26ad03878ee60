import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseGcpSettings } from "../../../src/auth/gcp/choose-settings.ts";
import { isStorageError } from "../../../src/errors.ts";

function choose(
  parameters: Record<string, unknown>,
  secret: Record<string, string> = {},
  env: Record<string, string> = {},
) {
  const { type, keyFile, keyJson, impersonate, brought } = chooseGcpSettings({ parameters, secret, env });
  return { type, keyFile: keyFile?.value, keyJson: keyJson?.value, impersonate, brought };
}

const none = { keyFile: undefined, keyJson: undefined, impersonate: undefined, brought: false };
const adcFile = { GOOGLE_APPLICATION_CREDENTIALS: "/adc.json" };

test("the settings decide where auth says nothing", () => {
  assert.deepEqual(choose({}), { ...none, type: "application_default" });
  assert.deepEqual(choose({}, {}, adcFile), { ...none, type: "application_default", keyFile: "/adc.json" });
  assert.deepEqual(choose({}, { "key.json": "{}" }), {
    ...none,
    type: "service_account",
    keyJson: "{}",
    brought: true,
  });
  assert.deepEqual(choose({ keyFile: "/k" }), { ...none, type: "service_account", keyFile: "/k" });
});

test("OME's spellings", () => {
  assert.equal(choose({ auth: "GCPDefault" }).type, "application_default");
  assert.equal(choose({ auth: "GCPApplicationDefault" }).type, "application_default");
  assert.equal(choose({ auth: "GCPWorkloadIdentity" }).type, "workload_identity");
  assert.equal(choose({ auth: "GCPServiceAccount", key_json: "{}" }).keyJson, "{}");
  assert.equal(choose({ auth: "GCPServiceAccount", key_file: "/k" }).keyFile, "/k");
  assert.equal(choose({ auth: "GCPServiceAccount" }, {}, adcFile).keyFile, "/adc.json");
});

test("a key of the Secret stands above the environment's file", () => {
  assert.deepEqual(choose({ auth: "service_account" }, { keyJson: "{}" }, adcFile), {
    ...none,
    type: "service_account",
    keyJson: "{}",
    brought: true,
  });
});

test("contradictions and gaps are refused before anything is asked", () => {
  const refused: readonly [Record<string, unknown>, RegExp][] = [
    [{ auth: "service_account" }, /there is no key/],
    [{ auth: "anonymous", keyFile: "/k" }, /keyFile has no meaning with auth anonymous/],
    [{ auth: "workload_identity", keyJson: "{}" }, /keyJson has no meaning/],
    [{ keyFile: "/k", keyJson: "{}" }, /both keyJson and keyFile/],
    [{ auth: "service_acount" }, /Did you mean "service_account"/],
    [{ impersonateServiceAccount: "reader" }, /e-mail address/],
  ];
  for (const [parameters, message] of refused) {
    assert.throws(
      () => choose(parameters),
      (error) => isStorageError(error) && error.code === "config_invalid" && message.test(error.message),
      JSON.stringify(parameters),
    );
  }
});
