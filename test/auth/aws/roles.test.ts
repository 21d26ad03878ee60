import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { AuthRequest } from "../../../src/auth/auth-request.ts";
import { createAwsCredentials } from "../../../src/auth/aws/create.ts";
import { awsRequest } from "../../support/aws/aws-request.ts";
import { startInstanceMetadata } from "../../support/aws/fake-instance-metadata.ts";
import { type FakeStsOptions, startSts } from "../../support/aws/fake-sts.ts";
import { awsSandbox } from "../../support/aws/sandbox.ts";
import { manualClock } from "../../support/manual-clock.ts";
import { secretMark, watchSecrets } from "../../support/secret-watch.ts";
import { startHttp } from "../../support/web-server.ts";

const sandbox = awsSandbox();
const watch = watchSecrets();
const minute = 60_000;

const role = "arn:aws:iam::123456789012:role/models";
const user = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: `${secretMark}/user/key`,
  arn: "arn:aws:iam::123456789012:user/builder",
};
const secret = { accessKeyId: user.accessKeyId, secretAccessKey: user.secretAccessKey };
const externalId = `${secretMark}-external`;

async function setUp(t: TestContext, options: Partial<FakeStsOptions> = {}) {
  const clock = manualClock(Date.now());
  const sts = await startSts(t, {
    clock,
    principals: [user],
    roles: [{ arn: role, trusts: [user.arn], externalId }],
    ...options,
  });
  const credentials = (changes: Partial<AuthRequest<"aws">>) =>
    createAwsCredentials(
      awsRequest(watch, {
        clock,
        secret,
        ...changes,
        env: { HOME: sandbox.home, AWS_ENDPOINT_URL_STS: sts.endpoint, ...changes.env },
      }),
    );
  return { clock, sts, credentials };
}

test("a role is assumed with external id, session name and duration, and its keys name it", async (t) => {
  const { clock, sts, credentials } = await setUp(t);
  const assumed = credentials({
    parameters: { auth: "assume_role", roleArn: role, externalId, durationSeconds: "1800" },
  });
  const keys = await assumed.resolve();
  const [issued] = sts.issued;
  assert.equal(keys?.secretAccessKey, issued?.secretAccessKey);
  assert.equal(keys?.sessionToken, issued?.sessionToken);
  assert.ok(Math.abs((keys?.expiration ?? 0) - clock.now() - 30 * minute) < 1000);
  assert.equal(sts.calls[0]?.fields["RoleSessionName"], "ome-storage-session");
  assert.equal(sts.calls[0]?.fields["ExternalId"], externalId);
  const identity = await assumed.identify();
  assert.deepEqual(identity, {
    kind: "arn",
    name: "arn:aws:sts::123456789012:assumed-role/models/ome-storage-session",
    source: `${role}, assumed by keys in secret`,
    confirmed: true,
  });
});

test("a wrong external id is refused, naming caller and role, and never the id", async (t) => {
  const { credentials } = await setUp(t);
  const error = await watch.rejection(
    credentials({ parameters: { roleArn: role, externalId: `${secretMark}-wrong` } }).resolve(),
  );
  assert.equal(error.code, "unauthenticated");
  assert.equal(error.retry, "permanent");
  assert.equal(error.message.split(".")[0], `assume role ${role}: ${user.arn} may not become ${role}`);
  assert.equal(error.requestId, "request-1");
  assert.match(error.hint, /trust policy/);
});

test("wrong, unknown and expired source keys are told apart", async (t) => {
  const { clock, sts, credentials } = await setUp(t);
  const parameters = { roleArn: role, externalId };
  const wrong = await watch.rejection(
    credentials({ parameters, secret: { ...secret, secretAccessKey: `${secretMark}/other` } }).resolve(),
  );
  assert.match(wrong.message, /the secret access key does not belong to the access key id/);
  const unknown = await watch.rejection(
    credentials({ parameters, secret: { ...secret, accessKeyId: "AKIAUNKNOWNUNKNOWN00" } }).resolve(),
  );
  assert.match(unknown.message, /AWS does not know the access key AKIA…WN00/);
  const temporary = {
    ...user,
    accessKeyId: "ASIATEMPORARY0000001",
    sessionToken: `${secretMark}/t`,
    expiration: clock.now(),
  };
  sts.addPrincipal(temporary);
  const withoutToken = await watch.rejection(
    credentials({ parameters, secret: { ...secret, accessKeyId: temporary.accessKeyId } }).resolve(),
  );
  assert.match(withoutToken.hint, /comes with its session token/);
  const expired = await watch.rejection(
    credentials({
      parameters,
      secret: { ...secret, accessKeyId: temporary.accessKeyId, sessionToken: temporary.sessionToken },
    }).resolve(),
  );
  assert.match(expired.message, /has expired/);
});

test("a role's keys are refreshed before they end, and source keys only when they are refused", async (t) => {
  const clock = manualClock(Date.now());
  const nodeArn = "arn:aws:sts::123456789012:assumed-role/node-role/i-0123456789";
  const revoked = new Set<string | undefined>();
  const imds = await startInstanceMetadata(t, { clock, role: "node-role" });
  const sts = await startSts(t, {
    clock,
    roles: [{ arn: role, trusts: [nodeArn] }],
    lookup: (id) => imds.issued.find(({ accessKeyId }) => accessKeyId === id && !revoked.has(id)),
  });
  const credentials = createAwsCredentials(
    awsRequest(watch, {
      clock,
      parameters: { auth: "AWSAssumeRole", role_arn: role, sourceAuth: "instance_profile" },
      env: { HOME: sandbox.home, AWS_ENDPOINT_URL_STS: sts.endpoint, AWS_EC2_METADATA_SERVICE_ENDPOINT: imds.endpoint },
    }),
  );
  assert.equal((await credentials.resolve())?.accessKeyId, sts.issued[0]?.accessKeyId);
  await clock.advance(59.8 * minute);
  assert.equal((await credentials.resolve())?.accessKeyId, sts.issued[1]?.accessKeyId);
  assert.equal(imds.issued.length, 1, "the node's keys live longer than the role's");
  revoked.add(imds.issued[0]?.accessKeyId);
  await clock.advance(59.8 * minute);
  assert.equal((await credentials.resolve())?.accessKeyId, sts.issued[2]?.accessKeyId);
  assert.equal(imds.issued.length, 2);
});

test("a clock that is wrong is made up for by the SDK, or named", async (t) => {
  const { sts, credentials } = await setUp(t);
  sts.skewMs = 20 * minute;
  assert.ok(await credentials({ parameters: { roleArn: role, externalId } }).resolve());
  sts.skewMs = 0;
  sts.failures.push(
    ...Array.from({ length: 5 }, () => ({ status: 403, code: "RequestExpired", message: "Request has expired" })),
  );
  const error = await watch.rejection(credentials({ parameters: { roleArn: role, externalId } }).resolve());
  assert.match(error.hint, /clock/);
});

test("STS that fails for a moment is asked again; one that keeps failing or is slow to all is temporary", async (t) => {
  const { sts, credentials } = await setUp(t);
  sts.failures.push({ status: 503, code: "ServiceUnavailable", message: "down" });
  assert.ok(await credentials({ parameters: { roleArn: role, externalId } }).resolve());
  const down = { status: 503, code: "ServiceUnavailable", message: "down" };
  sts.failures.push(down, down, down);
  const error = await watch.rejection(credentials({ parameters: { roleArn: role, externalId } }).resolve());
  assert.equal(error.code, "unavailable");
  assert.equal(error.retry, "temporary");
});

test("an STS that cannot be reached is a network failure, not a refusal", async (t) => {
  const gone = await startHttp(t, () => {});
  await gone.close();
  const { credentials } = await setUp(t);
  const error = await watch.rejection(
    credentials({ parameters: { roleArn: role }, env: { AWS_ENDPOINT_URL_STS: gone.origin } }).resolve(),
  );
  assert.equal(error.code, "connection");
  assert.match(error.message, /refuses connections/);
  const silent = await startHttp(t, () => {});
  const controller = new AbortController();
  const waiting = watch.rejection(
    credentials({ parameters: { roleArn: role }, env: { AWS_ENDPOINT_URL_STS: silent.origin } }).resolve({
      signal: controller.signal,
    }),
  );
  setTimeout(() => controller.abort(), 50);
  assert.equal((await waiting).code, "cancelled");
});

test("web identity: the token file's present content, before and after its rotation", async (t) => {
  const tokenFile = sandbox.write("irsa/token", `${secretMark}.jwt.1\n`);
  const { clock, sts, credentials } = await setUp(t, { roles: [{ arn: role, tokenFile }] });
  const irsa = credentials({
    parameters: {},
    secret: {},
    env: { AWS_ROLE_ARN: role, AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile, AWS_ROLE_SESSION_NAME: "pod-1" },
  });
  assert.equal(irsa.authType, "iam_role");
  assert.equal((await irsa.resolve())?.accessKeyId, sts.issued[0]?.accessKeyId);
  assert.equal(sts.calls[0]?.fields["RoleSessionName"], "pod-1");
  sandbox.write("irsa/token", `${secretMark}.jwt.2\n`);
  await clock.advance(59.8 * minute);
  assert.equal((await irsa.resolve())?.accessKeyId, sts.issued[1]?.accessKeyId);
  const explicit = credentials({
    parameters: { auth: "AWSWebIdentity", role_arn: role, token_file: tokenFile },
    secret: {},
  });
  assert.equal((await explicit.resolve())?.accessKeyId, sts.issued[2]?.accessKeyId);
  assert.match((await explicit.identify()).name, /assumed-role\/models\/ome-storage-session/);
});

test("web identity refusals: not trusted, expired, malformed, empty and missing tokens", async (t) => {
  const tokenFile = sandbox.write("irsa/right", `${secretMark}.right`);
  const { credentials } = await setUp(t, { roles: [{ arn: role, tokenFile }] });
  const refusal = (content: string | undefined) =>
    watch.rejection(
      credentials({
        secret: {},
        parameters: {
          roleArn: role,
          webIdentityTokenFile: content === undefined ? `${sandbox.home}/none` : sandbox.write("irsa/other", content),
        },
      }).resolve(),
    );
  assert.match((await refusal(`${secretMark}.untrusted`)).hint, /OIDC provider and this service account/);
  assert.match((await refusal(`${secretMark}.expired`)).message, /has expired/);
  assert.match(
    (await refusal(`${secretMark}.malformed`)).message,
    /STS does not accept the service account's token for /,
  );
  assert.match((await refusal("abc")).message, /ValidationError/);
  assert.match((await refusal(" \n")).message, /is empty/);
  const missing = await refusal(undefined);
  assert.equal(missing.code, "unauthenticated");
  assert.equal(missing.target, role);
  assert.match(missing.message, /does not exist/);
});

test("a service that repeats the token in its message does not make us show it", async (t) => {
  const tokenFile = sandbox.write("irsa/echo", `${secretMark}.echo`);
  const { sts, credentials } = await setUp(t, { roles: [{ arn: role, tokenFile }] });
  sts.failures.push({
    status: 400,
    code: "PackedPolicyTooLarge",
    message: `Value '${secretMark}.echo' at 'webIdentityToken'`,
  });
  const error = await watch.rejection(
    credentials({ secret: {}, parameters: { roleArn: role, webIdentityTokenFile: tokenFile } }).resolve(),
  );
  assert.match(error.message, /Value '\*\*\*' at 'webIdentityToken'/);
});

test("a hundred waiters of an assumed role cause one call", async (t) => {
  const { sts, credentials } = await setUp(t);
  const assumed = credentials({ parameters: { roleArn: role, externalId } });
  await Promise.all(Array.from({ length: 100 }, () => assumed.resolve()));
  assert.equal(sts.calls.length, 1);
});
