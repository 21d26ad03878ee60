import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { chooseAwsSettings } from "../../../src/auth/aws/choose-settings.ts";
import { awsAuthParameters } from "../../../src/auth/aws/parameters.ts";
import { secretMark, watchSecrets } from "../../support/secret-watch.ts";

const watch = watchSecrets();
const role = "arn:aws:iam::123456789012:role/models";
const secretKey = `${secretMark}/static`;

function choose(
  parameters: Record<string, unknown>,
  secret?: Record<string, string>,
  env: Record<string, string> = {},
) {
  return chooseAwsSettings({ parameters, secret, env });
}

async function refused(...input: Parameters<typeof choose>): Promise<string> {
  const error = await watch.rejection(() => choose(...input));
  assert.equal(error.code, "config_invalid");
  return error.message;
}

test("without anything the default is the instance's or pod's role", () => {
  assert.deepEqual(choose({}), { type: "iam_role" });
  assert.deepEqual(choose({ region: "x", endpoint: "y" }, { token: "hf" }), { type: "iam_role" });
});

test("explicit settings say which login is meant when auth does not", () => {
  assert.equal(choose({}, { accessKeyId: "AKIA1", secretAccessKey: secretKey }).type, "access_key");
  assert.equal(choose({ roleArn: role }).type, "assume_role");
  assert.equal(choose({ role_arn: role, web_identity_token_file: "/t" }).type, "web_identity");
  assert.equal(choose({ profile: "dev" }).type, "profile");
});

test("the environment alone never changes the default", () => {
  const env = { AWS_ROLE_ARN: role, AWS_WEB_IDENTITY_TOKEN_FILE: "/t", AWS_PROFILE: "dev", AWS_ACCESS_KEY_ID: "AKIA1" };
  assert.deepEqual(choose({}, undefined, env), { type: "iam_role" });
});

test("an annotated pod's environment is enough for web identity", () => {
  const env = { AWS_ROLE_ARN: role, AWS_WEB_IDENTITY_TOKEN_FILE: "/t" };
  assert.deepEqual(choose({ auth: "web_identity" }, undefined, env), {
    type: "web_identity",
    roleArn: role,
    tokenFile: "/t",
    sessionName: "ome-storage-session",
    durationSeconds: undefined,
  });
});

test("keys: parameters before Secret before environment, trimmed, in every spelling", () => {
  const env = { AWS_ACCESS_KEY_ID: "AKIAENV", AWS_SECRET_ACCESS_KEY: secretKey, AWS_SESSION_TOKEN: "env-token" };
  const fromEnvironment = choose({ auth: "AWSAccessKey" }, undefined, env);
  assert.deepEqual(fromEnvironment, {
    type: "access_key",
    keys: { accessKeyId: "AKIAENV", secretAccessKey: secretKey, sessionToken: "env-token" },
    origin: "environment",
  });
  for (const secret of [
    { access_key_id: "AKIAS\n", secret_access_key: ` ${secretKey}\n` },
    { AWS_ACCESS_KEY_ID: "AKIAS", AWS_SECRET_ACCESS_KEY: secretKey },
    { awsAccessKeyID: "AKIAS", awsSecretAccessKey: secretKey },
  ]) {
    assert.deepEqual(choose({ auth: "access_key" }, secret, env), {
      type: "access_key",
      keys: { accessKeyId: "AKIAS", secretAccessKey: secretKey, sessionToken: undefined },
      origin: "secret",
    });
  }
  const mixed = choose({ accessKeyId: "AKIAP" }, { accessKeyId: "AKIAS", secretAccessKey: secretKey });
  assert.equal(mixed.type === "access_key" && mixed.keys.accessKeyId, "AKIAP");
});

test("half a pair of keys is an error, never completed from elsewhere and never another identity", async () => {
  const env = { AWS_ACCESS_KEY_ID: "AKIAENV", AWS_SECRET_ACCESS_KEY: secretKey };
  assert.match(await refused({}, { accessKeyId: "AKIAS" }, env), /secretAccessKey is missing beside accessKeyId/);
  assert.match(await refused({}, { secretAccessKey: secretKey }, env), /accessKeyId is missing beside secretAccessKey/);
  assert.match(
    await refused({ sessionToken: `${secretMark}x` }, undefined, env),
    /accessKeyId and secretAccessKey are missing/,
  );
  assert.match(await refused({ auth: "access_key" }), /accessKeyId and secretAccessKey are missing\./);
  assert.match(await refused({}, { accessKeyId: "AKIAS", secretAccessKey: " " }), /secretAccessKey is missing/);
});

test("an assumed role has OME's session name, its own settings and its source", () => {
  assert.deepEqual(choose({ auth: "AWSAssumeRole", role_arn: role, external_id: "ext-1", duration_seconds: 900 }), {
    type: "assume_role",
    roleArn: role,
    externalId: "ext-1",
    sessionName: "ome-storage-session",
    durationSeconds: 900,
    source: { type: "iam_role" },
  });
  const byKeys = choose({ roleArn: role, roleSessionName: "me" }, { accessKeyId: "AKIAS", secretAccessKey: secretKey });
  assert.equal(byKeys.type === "assume_role" && byKeys.source.type, "access_key");
  assert.equal(byKeys.type === "assume_role" && byKeys.sessionName, "me");
  const byProfile = choose({ roleArn: role, profile: "dev" });
  assert.deepEqual(byProfile.type === "assume_role" && byProfile.source, { type: "profile", profile: "dev" });
  const forced = choose({ roleArn: role, sourceAuth: "AWSInstanceProfile" });
  assert.deepEqual(forced.type === "assume_role" && forced.source, { type: "instance_profile" });
  const fromEnvironment = choose({ auth: "assume_role" }, undefined, {
    AWS_ROLE_ARN: role,
    AWS_ROLE_SESSION_NAME: "env",
  });
  assert.equal(fromEnvironment.type === "assume_role" && fromEnvironment.sessionName, "env");
});

test("what a type does not use is a contradiction", async () => {
  assert.match(
    await refused({ auth: "iam_role", roleArn: role }),
    /roleArn has no meaning with auth iam_role.*Remove it, or use auth assume_role or web_identity/,
  );
  assert.match(await refused({ auth: "anonymous", profile: "dev" }), /profile has no meaning/);
  assert.match(await refused({ roleArn: role, sourceAuth: "web_identity" }), /sourceAuth cannot be web_identity/);
  assert.deepEqual(
    choose({ auth: "anonymous" }, { accessKeyId: "AKIA", other: "x" }),
    { type: "anonymous" },
    "a Secret may serve others too",
  );
});

test("missing and malformed settings are named", async () => {
  assert.match(
    await refused({ auth: "assume_role" }),
    /auth assume_role needs roleArn.*Set the parameter roleArn or AWS_ROLE_ARN/,
  );
  assert.match(await refused({ auth: "web_identity", roleArn: role }), /needs webIdentityTokenFile/);
  assert.match(await refused({ roleArn: "models" }), /"models" is not a role ARN/);
  assert.match(await refused({ roleArn: role, durationSeconds: "899" }), /not a whole number from 900 to 43200/);
  assert.match(await refused({ roleArn: role, durationSeconds: "43201" }), /not a whole number/);
  assert.match(await refused({ roleArn: role, roleSessionName: "a b" }), /roleSessionName/);
  assert.match(await refused({ roleArn: role, role_arn: `${role}2` }), /both roleArn and role_arn/);
  assert.match(await refused({ auth: "acess_key" }), /Did you mean "access_key"/);
  assert.equal(choose({ roleArn: "arn:aws:iam:::role/S3Access" }).type, "assume_role", "as Ceph names its roles");
});

test("the parameter shape refuses unknown names in a strict schema and takes numbers", () => {
  const schema = z.strictObject({ ...awsAuthParameters });
  assert.deepEqual(schema.parse({ auth: "assume_role", role_arn: role, durationSeconds: 900 }), {
    auth: "assume_role",
    role_arn: role,
    durationSeconds: "900",
  });
  assert.equal(schema.safeParse({ rolearn: role }).success, false);
  assert.equal(schema.safeParse({ roleArn: { a: 1 } }).success, false);
});
