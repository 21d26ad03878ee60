import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { createAwsCredentials } from "../../../src/auth/aws/create.ts";
import { awsRequest } from "../../support/aws/aws-request.ts";
import { startInstanceMetadata } from "../../support/aws/fake-instance-metadata.ts";
import { startSso } from "../../support/aws/fake-sso.ts";
import { startSts } from "../../support/aws/fake-sts.ts";
import { awsSandbox } from "../../support/aws/sandbox.ts";
import { manualClock } from "../../support/manual-clock.ts";
import { secretMark, watchSecrets } from "../../support/secret-watch.ts";

const sandbox = awsSandbox();
const watch = watchSecrets();

/** A home directory of its own per test. */
function homeWith(name: string, files: Readonly<Record<string, string>>): string {
  for (const [path, content] of Object.entries(files)) sandbox.write(`${name}/${path}`, content);
  return `${sandbox.home}/${name}`;
}

function credentialsFor(
  parameters: Record<string, string>,
  env: Record<string, string>,
  clock = manualClock(Date.now()),
) {
  return createAwsCredentials(awsRequest(watch, { parameters, env, clock }));
}

const staticProfile = (id: string): string =>
  `aws_access_key_id = ${id}\naws_secret_access_key = ${secretMark}/${id}\n`;

test("keys in the environment come first, with their session token", async () => {
  const env = {
    HOME: homeWith("env", { ".aws/credentials": `[default]\n${staticProfile("AKIAFILE")}` }),
    AWS_ACCESS_KEY_ID: "AKIAENV",
    AWS_SECRET_ACCESS_KEY: `${secretMark}/env`,
    AWS_SESSION_TOKEN: `${secretMark}/session`,
    AWS_WEB_IDENTITY_TOKEN_FILE: "/nowhere",
    AWS_ROLE_ARN: "arn:aws:iam::1:role/x",
  };
  const keys = await credentialsFor({}, env).resolve();
  assert.deepEqual(keys, {
    accessKeyId: "AKIAENV",
    secretAccessKey: `${secretMark}/env`,
    sessionToken: `${secretMark}/session`,
    expiration: undefined,
  });
});

test("half of the keys in the environment is an error, not the next link", async () => {
  for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]) {
    const error = await watch.rejection(() => credentialsFor({}, { HOME: sandbox.home, [name]: `${secretMark}x` }));
    assert.equal(error.code, "config_invalid");
    assert.match(error.message, new RegExp(`${name} is set without`));
  }
});

test("AWS_PROFILE stands above keys in the environment, and a profile that does not exist is an error", async () => {
  const home = homeWith("profiles", { ".aws/credentials": `[dev]\n${staticProfile("AKIADEV")}` });
  const env = {
    HOME: home,
    AWS_PROFILE: "dev",
    AWS_ACCESS_KEY_ID: "AKIAENV",
    AWS_SECRET_ACCESS_KEY: `${secretMark}/env`,
  };
  assert.equal((await credentialsFor({}, env).resolve())?.accessKeyId, "AKIADEV");
  const error = await watch.rejection(credentialsFor({}, { ...env, AWS_PROFILE: "nope" }).resolve());
  assert.equal(error.code, "unauthenticated");
  assert.match(error.message, /profile nope: the configuration files have no such profile/);
});

test("the default profile is used when it can log in, and passed over when it only sets a region", async (t) => {
  const clock = manualClock(Date.now());
  const imds = await startInstanceMetadata(t, { clock, role: "node" });
  const env = { AWS_EC2_METADATA_SERVICE_ENDPOINT: imds.endpoint };
  const withKeys = homeWith("default-keys", { ".aws/credentials": `[default]\n${staticProfile("AKIADEFAULT")}` });
  assert.equal((await credentialsFor({}, { ...env, HOME: withKeys }, clock).resolve())?.accessKeyId, "AKIADEFAULT");
  const regionOnly = homeWith("default-region", { ".aws/config": "[default]\nregion = eu-west-1\n" });
  const keys = await credentialsFor({}, { ...env, HOME: regionOnly }, clock).resolve();
  assert.equal(keys?.accessKeyId, imds.issued[0]?.accessKeyId);
});

test("web identity that fails does not fall to the node's role", async (t) => {
  const clock = manualClock(Date.now());
  const imds = await startInstanceMetadata(t, { clock, role: "node" });
  const env = {
    HOME: sandbox.home,
    AWS_EC2_METADATA_SERVICE_ENDPOINT: imds.endpoint,
    AWS_WEB_IDENTITY_TOKEN_FILE: `${sandbox.home}/missing-token`,
    AWS_ROLE_ARN: "arn:aws:iam::123456789012:role/irsa",
  };
  const error = await watch.rejection(credentialsFor({}, env, clock).resolve());
  assert.match(error.message, /missing-token does not exist/);
  assert.equal(imds.requests.length, 0);
  const { AWS_ROLE_ARN: _role, ...half } = env;
  const incomplete = await watch.rejection(() => credentialsFor({}, half, clock));
  assert.match(incomplete.message, /AWS_WEB_IDENTITY_TOKEN_FILE is set without AWS_ROLE_ARN/);
});

test("the end of the chain says what was looked for, and why the instance gave nothing", async (t) => {
  const imds = await startInstanceMetadata(t, { clock: manualClock() });
  const env = { HOME: sandbox.home, AWS_EC2_METADATA_SERVICE_ENDPOINT: imds.endpoint };
  const error = await watch.rejection(credentialsFor({}, env).resolve());
  assert.equal(error.code, "unauthenticated");
  assert.match(
    error.message,
    /find AWS credentials iam_role: the environment has no keys, profile, web identity or container role, and no IAM role is attached/,
  );
});

test("a profile with a role assumes it by its source profile", async (t) => {
  const clock = manualClock(Date.now());
  const role = "arn:aws:iam::123456789012:role/models";
  const arn = "arn:aws:iam::123456789012:user/base";
  const sts = await startSts(t, {
    clock,
    principals: [{ accessKeyId: "AKIABASE", secretAccessKey: `${secretMark}/AKIABASE`, arn }],
    roles: [{ arn: role, trusts: [arn], externalId: "ext-7" }],
  });
  const home = homeWith("role-profile", {
    ".aws/config": `[profile models]\nrole_arn = ${role}\nsource_profile = base\nexternal_id = ext-7\nregion = eu-west-1\n`,
    ".aws/credentials": `[base]\n${staticProfile("AKIABASE")}`,
  });
  const env = { HOME: home, AWS_ENDPOINT_URL_STS: sts.endpoint };
  const credentials = credentialsFor({ auth: "profile", profile: "models" }, env, clock);
  assert.equal((await credentials.resolve())?.accessKeyId, sts.issued[0]?.accessKeyId);
  assert.equal((await credentials.identify()).source, "profile models");
});

test("a profile's credential process gives keys; one that fails shows neither its output nor its arguments", async () => {
  const program = sandbox.write(
    "process/keys.mjs",
    `console.log(JSON.stringify({ Version: 1, AccessKeyId: "AKIAPROCESS", SecretAccessKey: "${secretMark}/process" }));`,
  );
  const failing = sandbox.write("process/fails.mjs", `console.error("${secretMark}"); process.exit(3);`);
  const home = homeWith("process-profile", {
    ".aws/config": `[profile good]\ncredential_process = ${process.execPath} ${program}\n[profile bad]\ncredential_process = ${process.execPath} ${failing} ${secretMark}\n`,
  });
  const good = credentialsFor({ profile: "good" }, { HOME: home });
  assert.equal((await good.resolve())?.secretAccessKey, `${secretMark}/process`);
  const error = await watch.rejection(credentialsFor({ profile: "bad" }, { HOME: home }).resolve());
  assert.match(error.message, /its credential_process failed/);
});

test("auth process runs the command of the environment, and only that", async () => {
  const program = sandbox.write(
    "process/env.mjs",
    `console.log(JSON.stringify({ Version: 1, AccessKeyId: process.env.GIVE_ID, SecretAccessKey: "${secretMark}/p", SessionToken: "${secretMark}/t", Expiration: new Date(Date.now() + 3600000) }));`,
  );
  const env = { HOME: sandbox.home, GIVE_ID: "ASIAFROMENV", AWS_CREDENTIAL_PROCESS: `${process.execPath} ${program}` };
  const keys = await credentialsFor({ auth: "AWSProcess" }, env).resolve();
  assert.equal(keys?.accessKeyId, "ASIAFROMENV");
  assert.equal(keys?.sessionToken, `${secretMark}/t`);
  assert.ok(keys?.expiration !== undefined);
  const failing = { ...env, AWS_CREDENTIAL_PROCESS: `echo ${secretMark} >&2; exit 7` };
  assert.match((await watch.rejection(credentialsFor({ auth: "process" }, failing).resolve())).message, /exit code 7/);
  const chatty = { ...env, AWS_CREDENTIAL_PROCESS: `echo ${secretMark}` };
  assert.match((await watch.rejection(credentialsFor({ auth: "process" }, chatty).resolve())).message, /holds no keys/);
  assert.equal(
    (await watch.rejection(() => credentialsFor({ auth: "process" }, { HOME: sandbox.home }))).code,
    "config_invalid",
  );
});

test("an SSO profile uses the cached session, and says how to renew one that ended", async (t) => {
  const sso = await startSso(t);
  process.env["AWS_ENDPOINT_URL_SSO"] = sso.endpoint;
  const startUrl = "https://example.awsapps.com/start";
  const cache = `.aws/sso/cache/${createHash("sha1").update(startUrl).digest("hex")}.json`;
  const session = (accessToken: string, expiresAt: number): void => {
    const content = { startUrl, region: "eu-west-1", accessToken, expiresAt: new Date(expiresAt).toISOString() };
    sandbox.write(cache, JSON.stringify(content));
  };
  sandbox.write(
    ".aws/config",
    `[profile sso]\nsso_start_url = ${startUrl}\nsso_region = eu-west-1\nsso_account_id = 123456789012\nsso_role_name = Reader\n`,
  );
  t.after(() => sandbox.write(".aws/config", ""));
  const env = { HOME: sandbox.home };
  session(sso.accessToken, Date.now() + 3_600_000);
  const keys = await credentialsFor({ auth: "profile", profile: "sso" }, env).resolve();
  assert.equal(keys?.accessKeyId, "ASIASSOROLE00001");
  session(sso.accessToken, Date.now() - 1000);
  const expired = await watch.rejection(credentialsFor({ profile: "sso" }, env).resolve());
  assert.match(expired.message, /its SSO session has expired/);
  assert.match(expired.hint, /aws sso login --profile sso/);
  session(`${secretMark}-revoked`, Date.now() + 3_600_000);
  const revoked = await watch.rejection(credentialsFor({ profile: "sso" }, env).resolve());
  assert.equal(revoked.code, "unauthenticated");
});
