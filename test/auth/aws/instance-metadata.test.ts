import assert from "node:assert/strict";
import { test } from "node:test";
import { createAwsCredentials } from "../../../src/auth/aws/create.ts";
import { awsRequest, whileAdvancing } from "../../support/aws/aws-request.ts";
import { type FakeInstanceMetadata, startInstanceMetadata } from "../../support/aws/fake-instance-metadata.ts";
import { awsSandbox } from "../../support/aws/sandbox.ts";
import { manualClock } from "../../support/manual-clock.ts";
import { watchSecrets } from "../../support/secret-watch.ts";
import { startHttp } from "../../support/web-server.ts";

const { home } = awsSandbox();
const watch = watchSecrets();
const minute = 60_000;

function credentialsFor(
  fake: Pick<FakeInstanceMetadata, "endpoint">,
  clock = manualClock(),
  env: Record<string, string> = {},
) {
  return createAwsCredentials(
    awsRequest(watch, {
      parameters: { auth: "instance_profile" },
      clock,
      env: { HOME: home, AWS_EC2_METADATA_SERVICE_ENDPOINT: fake.endpoint, ...env },
    }),
  );
}

test("a session token opens the role's name and its keys, which carry their own token and expiry", async (t) => {
  const clock = manualClock();
  const fake = await startInstanceMetadata(t, { clock, role: "node-role" });
  const keys = await credentialsFor(fake, clock).resolve();
  const [issued] = fake.issued;
  assert.deepEqual(keys, {
    accessKeyId: issued?.accessKeyId,
    secretAccessKey: issued?.secretAccessKey,
    sessionToken: issued?.sessionToken,
    expiration: issued?.expiration,
  });
  assert.deepEqual(fake.requests, [
    "PUT /latest/api/token",
    "GET /latest/meta-data/iam/security-credentials/",
    "GET /latest/meta-data/iam/security-credentials/node-role",
  ]);
});

test("keys are kept, refreshed five minutes before they end, and a hundred callers cause one refresh", async (t) => {
  const clock = manualClock();
  const fake = await startInstanceMetadata(t, { clock, role: "node-role" });
  const credentials = credentialsFor(fake, clock);
  const first = await credentials.resolve();
  await clock.advance(6 * 60 * minute - 6 * minute);
  assert.deepEqual(await credentials.resolve(), first);
  await clock.advance(5.8 * minute);
  const all = await Promise.all(Array.from({ length: 100 }, () => credentials.resolve()));
  assert.equal(fake.issued.length, 2);
  assert.deepEqual(new Set(all.map((keys) => keys?.accessKeyId)), new Set([fake.issued[1]?.accessKeyId]));
});

test("a service that is slow and fails at first is waited for, and the waiting is logged", async (t) => {
  const clock = manualClock();
  const fake = await startInstanceMetadata(t, { clock, role: "node-role" });
  fake.failures.push(500, 500);
  fake.delayMs = 20_000;
  const before = watch.messages.length;
  const keys = await whileAdvancing(clock, credentialsFor(fake, clock).resolve(), 500);
  assert.equal(keys?.accessKeyId, fake.issued[0]?.accessKeyId);
  const waits = watch.messages.slice(before).filter((line) => line.endsWith("metadata service is not ready, waiting"));
  assert.equal(waits.length, 2);
});

test("waiting for a service that keeps failing is bounded, and ends at once when it is cancelled", async (t) => {
  const clock = manualClock();
  const server = await startHttp(t, (_incoming, outgoing) => outgoing.writeHead(503).end());
  const credentials = credentialsFor({ endpoint: server.origin }, clock);
  const started = clock.monotonic();
  const error = await whileAdvancing(clock, watch.rejection(credentials.resolve()), 500);
  assert.equal(error.code, "unavailable");
  assert.equal(error.retry, "temporary");
  assert.ok((error.attempts ?? 0) > 5);
  assert.ok(clock.monotonic() - started < 90_000);
  const controller = new AbortController();
  const cancelled = watch.rejection(credentials.resolve({ signal: controller.signal }));
  await clock.advance(1000);
  controller.abort();
  assert.equal((await cancelled).code, "cancelled");
});

test("an address where nobody listens is given up soon outside a cluster, and waited for inside one", async (t) => {
  const server = await startHttp(t, () => {});
  await server.close();
  for (const [env, atLeast, atMost] of [
    [{}, 0, 10_000],
    [{ KUBERNETES_SERVICE_HOST: "10.0.0.1" }, 40_000, 90_000],
  ] as const) {
    const clock = manualClock();
    const credentials = credentialsFor({ endpoint: server.origin }, clock, env);
    const error = await whileAdvancing(clock, watch.rejection(credentials.resolve()), 500);
    assert.match(error.message, /refuses connections after \d+ attempts/);
    assert.ok(clock.monotonic() >= atLeast && clock.monotonic() <= atMost, String(clock.monotonic()));
  }
});

test("a hop limit that is too low for containers is recognised within seconds", async (t) => {
  const clock = manualClock();
  const fake = await startInstanceMetadata(t, { clock, role: "node-role", hopLimitTooLow: true });
  const error = await whileAdvancing(clock, watch.rejection(credentialsFor(fake, clock).resolve()));
  assert.equal(error.code, "unauthenticated");
  assert.match(error.message, /the hop limit is too low for containers/);
  assert.match(error.hint, /HttpPutResponseHopLimit/);
  assert.ok(clock.monotonic() < 10_000);
});

test("an instance without a role, and one with metadata switched off, say so", async (t) => {
  const without = await startInstanceMetadata(t, { clock: manualClock() });
  assert.match(
    (await watch.rejection(credentialsFor(without).resolve())).message,
    /no IAM role is attached to this instance/,
  );
  const disabled = await startInstanceMetadata(t, { clock: manualClock(), disabled: true, role: "r" });
  const off403 = await watch.rejection(credentialsFor(disabled).resolve());
  assert.match(off403.message, /instance metadata refuses to answer \(/);
  assert.match(off403.hint, /metadata options are enabled/);
  const off = credentialsFor(without, manualClock(), { AWS_EC2_METADATA_DISABLED: "true" });
  assert.match((await watch.rejection(off.resolve())).message, /AWS_EC2_METADATA_DISABLED/);
});

test("a refused session token is asked for again", async (t) => {
  const clock = manualClock();
  const fake = await startInstanceMetadata(t, { clock, role: "node-role" });
  fake.failures.push(200, 401);
  const keys = await whileAdvancing(clock, credentialsFor(fake, clock).resolve());
  assert.equal(keys?.accessKeyId, fake.issued[0]?.accessKeyId);
  assert.equal(fake.requests.filter((line) => line.startsWith("PUT")).length, 2);
});

test("an interceptor without the token path is asked without a token, unless that is forbidden", async (t) => {
  const clock = manualClock();
  const fake = await startInstanceMetadata(t, { clock, role: "node-role", version1: true });
  assert.ok(await credentialsFor(fake, clock).resolve());
  const strict = credentialsFor(fake, clock, { AWS_EC2_METADATA_V1_DISABLED: "true" });
  assert.equal((await watch.rejection(strict.resolve())).code, "unauthenticated");
});

test("an answer that says failure or is no JSON gives no keys, and shows nothing of the answer", async (t) => {
  for (const [body, expected] of [
    ['{"Code":"AssumeRoleUnauthorizedAccess","Message":"TOPSECRET"}', /AssumeRoleUnauthorizedAccess/],
    ["<html>TOPSECRET</html>", /holds no keys/],
    ['{"AccessKeyId":"ASIA1"}', /holds no keys/],
  ] as const) {
    const server = await startHttp(t, (incoming, outgoing) => {
      outgoing.end(incoming.url?.endsWith("/r") ? body : "r");
    });
    const error = await watch.rejection(credentialsFor({ endpoint: server.origin }).resolve());
    assert.match(error.message, expected);
  }
});

test("an endpoint that is no URL is refused before anything is asked", async () => {
  const error = await watch.rejection(() => credentialsFor({ endpoint: "169.254.169.254" }));
  assert.equal(error.code, "config_invalid");
});
