import assert from "node:assert/strict";
import { test } from "node:test";
import { createAwsCredentials } from "../../../src/auth/aws/create.ts";
import { awsRequest, whileAdvancing } from "../../support/aws/aws-request.ts";
import { startContainerAgent } from "../../support/aws/fake-container-agent.ts";
import { awsSandbox } from "../../support/aws/sandbox.ts";
import { manualClock } from "../../support/manual-clock.ts";
import { secretMark, watchSecrets } from "../../support/secret-watch.ts";

const sandbox = awsSandbox();
const watch = watchSecrets();
const minute = 60_000;

function credentialsFor(env: Record<string, string>, clock = manualClock(), auth = "AWSECSTaskRole") {
  return createAwsCredentials(awsRequest(watch, { parameters: { auth }, clock, env: { HOME: sandbox.home, ...env } }));
}

test("the token file opens the agent, and is read again after the kubelet rotated it", async (t) => {
  const clock = manualClock();
  const tokenFile = sandbox.write("pod/token", `${secretMark}-1\n`);
  const agent = await startContainerAgent(t, { clock, tokenFile });
  const env = { AWS_CONTAINER_CREDENTIALS_FULL_URI: agent.uri, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: tokenFile };
  const credentials = credentialsFor(env, clock);
  const first = await credentials.resolve();
  assert.equal(first?.secretAccessKey, agent.issued[0]?.secretAccessKey);
  assert.equal(first?.sessionToken, agent.issued[0]?.sessionToken);
  sandbox.write("pod/token", `${secretMark}-2\n`);
  await clock.advance(59.9 * minute);
  const second = await credentials.resolve();
  assert.equal(second?.accessKeyId, agent.issued[1]?.accessKeyId);
});

test("the default chain finds the agent", async (t) => {
  const clock = manualClock();
  const tokenFile = sandbox.write("chain/token", `${secretMark}-1`);
  const agent = await startContainerAgent(t, { clock, tokenFile });
  const env = { AWS_CONTAINER_CREDENTIALS_FULL_URI: agent.uri, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: tokenFile };
  assert.ok(await credentialsFor(env, clock, "iam_role").resolve());
});

test("a missing token, a wrong one and a missing token file are refused with what to check", async (t) => {
  const tokenFile = sandbox.write("wrong/token", `${secretMark}-right`);
  const agent = await startContainerAgent(t, { clock: manualClock(), tokenFile });
  const env = { AWS_CONTAINER_CREDENTIALS_FULL_URI: agent.uri };
  const missing = await watch.rejection(credentialsFor(env).resolve());
  assert.match(missing.message, /refuses \(400, InvalidRequest\).*AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE is not set/);
  const wrong = await watch.rejection(
    credentialsFor({ ...env, AWS_CONTAINER_AUTHORIZATION_TOKEN: `${secretMark}-wrong` }).resolve(),
  );
  assert.match(wrong.message, /refuses \(401, ExpiredTokenException\)/);
  assert.equal(wrong.code, "unauthenticated");
  const nowhere = await watch.rejection(
    credentialsFor({ ...env, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: `${sandbox.home}/none` }).resolve(),
  );
  assert.match(nowhere.message, /token file .*\/none does not exist/);
});

test("an agent that fails at first is waited for", async (t) => {
  const clock = manualClock();
  const tokenFile = sandbox.write("slow/token", secretMark);
  const agent = await startContainerAgent(t, { clock, tokenFile });
  agent.failures.push(500, 429, 503);
  const env = { AWS_CONTAINER_CREDENTIALS_FULL_URI: agent.uri, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: tokenFile };
  assert.ok(await whileAdvancing(clock, credentialsFor(env, clock).resolve()));
});

test("the token is never sent in the clear to an address beyond the node", async () => {
  for (const uri of [
    "http://example.org/creds",
    "http://10.0.0.1/creds",
    "http://169.254.169.254/creds",
    "ftp://127.0.0.1/x",
    "x",
  ]) {
    const error = await watch.rejection(() => credentialsFor({ AWS_CONTAINER_CREDENTIALS_FULL_URI: uri }));
    assert.equal(error.code, "config_invalid", uri);
  }
  const none = await watch.rejection(() => credentialsFor({}));
  assert.match(none.message, /names no container credentials/);
  for (const uri of [
    "https://example.org/creds",
    "http://169.254.170.2/v2",
    "http://169.254.170.23/v1",
    "http://[fd00:ec2::23]/v1",
    "http://[::1]:81/v1",
  ]) {
    credentialsFor({ AWS_CONTAINER_CREDENTIALS_FULL_URI: uri });
  }
  credentialsFor({ AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: "/v2/credentials/1" });
});
