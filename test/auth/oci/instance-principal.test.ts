import assert from "node:assert/strict";
import { test } from "node:test";
import { createOciCredentials } from "../../../src/auth/oci/create.ts";
import { verifySessionToken } from "../../../src/testing/fake-oci/index.ts";
import { whileAdvancing } from "../../support/aws/aws-request.ts";
import { manualClock } from "../../support/manual-clock.ts";
import { testTenancy } from "../../support/oci/api-key.ts";
import { foreignIdentity, leafIdentities, testInstance } from "../../support/oci/certificates.ts";
import { startIdentityService } from "../../support/oci/fake-identity-service.ts";
import { startOciMetadata } from "../../support/oci/fake-instance-metadata.ts";
import { ociRequest } from "../../support/oci/oci-request.ts";
import { watchSecrets } from "../../support/secret-watch.ts";
import { startHttp } from "../../support/web-server.ts";

const watch = watchSecrets();
const minute = 60_000;

async function instance(t: Parameters<typeof startHttp>[0], env: Record<string, string> = {}) {
  const clock = manualClock(1_790_000_000_000);
  const metadata = await startOciMetadata(t, clock);
  const service = await startIdentityService(t, clock);
  const request = ociRequest(watch, {
    clock,
    env: { OCI_METADATA_BASE_URL: metadata.baseUrl, OCI_SDK_AUTH_CLIENT_REGION_URL: service.origin, ...env },
  });
  return { clock, metadata, service, credentials: createOciCredentials(request) };
}

test("an instance's certificate becomes a session token that is bound to the session's own key", async (t) => {
  const { clock, metadata, service, credentials } = await instance(t);
  const key = await credentials.resolve();
  const token = watch.secret(service.tokens[0] ?? "");
  assert.equal(credentials.authType, "instance_principal");
  assert.equal(key.keyId, `ST$${token}`);
  assert.equal(key.expiration, clock.now() + service.lifetimeMs);
  const grant = verifySessionToken(token, service.issuer, clock.now());
  const sign = await import("node:crypto");
  const signature = sign.sign("sha256", Buffer.from("x"), key.privateKey);
  assert.ok(sign.verify("sha256", Buffer.from("x"), grant?.publicKey ?? "", signature));
  assert.match(service.keyIds[0] ?? "", new RegExp(`^${testTenancy}/fed-x509-sha256/(?:[0-9a-f]{2}:){31}[0-9a-f]{2}$`));
  assert.deepEqual(service.refusals, []);
  assert.deepEqual(await credentials.home(), { region: "us-ashburn-1", domain: "oraclecloud.com" });
  assert.deepEqual(await credentials.identify(), {
    kind: "ocid",
    name: testInstance,
    source: "instance principal",
    confirmed: true,
  });
  assert.deepEqual(metadata.requests.slice(0, 1), ["GET /opc/v2/instance/regionInfo"]);
});

test("a hundred callers share one login, and the token is renewed before it ends", async (t) => {
  const { clock, metadata, service, credentials } = await instance(t);
  service.lifetimeMs = 60 * minute;
  const first = await Promise.all(Array.from({ length: 100 }, () => credentials.resolve()));
  assert.equal(service.tokens.length, 1);
  assert.equal(new Set(first.map(({ keyId }) => keyId)).size, 1);
  await clock.advance(54 * minute);
  assert.equal((await credentials.resolve()).keyId, first[0]?.keyId);
  assert.equal(service.tokens.length, 1);
  // The certificate was rotated meanwhile.
  metadata.identity = leafIdentities[1];
  await clock.advance(5.8 * minute);
  const second = await Promise.all(Array.from({ length: 100 }, () => credentials.resolve()));
  assert.equal(service.tokens.length, 2);
  for (const token of service.tokens) watch.secret(token);
  assert.equal(second[0]?.keyId, `ST$${service.tokens[1]}`);
  assert.ok(!second[0]?.privateKey.equals(first[0]?.privateKey as never), "a new session key");
  assert.notEqual(service.keyIds[0], service.keyIds[1]);
});

test("while the token is valid a failing renewal is a warning, and the next one is tried soon", async (t) => {
  const { clock, service, credentials } = await instance(t);
  service.lifetimeMs = 60 * minute;
  const first = await credentials.resolve();
  await clock.advance(56 * minute);
  service.failures.push(401);
  assert.equal((await credentials.resolve()).keyId, first.keyId);
  while (!watch.messages.some((line) => line.includes("could not be refreshed"))) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await clock.advance(11_000);
  await credentials.resolve();
  while (service.tokens.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  await clock.advance(0);
  assert.notEqual((await credentials.resolve()).keyId, first.keyId);
});

test("services that are late and fail at first are waited for, and the waiting is logged", async (t) => {
  const { clock, metadata, service, credentials } = await instance(t);
  metadata.failures.push(500, 503, 429);
  metadata.delayMs = 5_000;
  service.failures.push(500);
  const before = watch.messages.length;
  const key = await whileAdvancing(clock, credentials.resolve(), 500);
  assert.equal(key.keyId, `ST$${service.tokens[0]}`);
  const waits = watch.messages.slice(before).filter((line) => line.endsWith("metadata service is not ready, waiting"));
  assert.ok(waits.length >= 3, String(waits.length));
});

test("a failed login is not remembered", async (t) => {
  const { metadata, service, credentials } = await instance(t);
  metadata.identity = foreignIdentity;
  const error = await watch.rejection(credentials.resolve());
  assert.deepEqual(
    [error.code, error.retry, error.httpStatus, error.serviceCode],
    ["unauthenticated", "permanent", 401, "NotAuthenticated"],
  );
  assert.deepEqual(service.refusals, ["untrusted certificate"]);
  metadata.identity = leafIdentities[0];
  assert.equal((await credentials.resolve()).keyId, `ST$${service.tokens[0]}`);
});

test("a wrong clock is recognised by the service's words", async (t) => {
  const clock = manualClock(Date.now() - 47 * minute);
  const metadata = await startOciMetadata(t, clock);
  const service = await startIdentityService(t, manualClock(Date.now()));
  const env = { OCI_METADATA_BASE_URL: metadata.baseUrl, OCI_SDK_AUTH_CLIENT_REGION_URL: service.origin };
  const error = await watch.rejection(createOciCredentials(ociRequest(watch, { clock, env })).resolve());
  assert.equal(error.code, "unauthenticated");
  assert.match(error.message, /clock is 47 minutes behind Oracle Cloud's.*NTP/);
});

test("an old metadata service tells the region by its key", async (t) => {
  const { metadata, credentials } = await instance(t);
  metadata.documents.delete("instance/regionInfo");
  assert.deepEqual(await credentials.home(), { region: "iad" });
});

test("machines of other clouds and networks without metadata say what to use instead", async (t) => {
  const { metadata, credentials } = await instance(t);
  metadata.documents.clear();
  const none = await watch.rejection(credentials.resolve());
  assert.match(none.message, /no identity for this instance.*workload_identity \(OKE\)/);
  const other = await startHttp(t, (_incoming, outgoing) => outgoing.writeHead(401).end());
  const elsewhere = createOciCredentials(
    ociRequest(watch, { env: { OCI_METADATA_BASE_URL: `${other.origin}/opc/v2/` } }),
  );
  assert.match((await watch.rejection(elsewhere.resolve())).message, /is not OCI's, or refuses \(401\)/);
  await other.close();
  for (const [env, atLeast, atMost] of [
    [{}, 0, 10_000],
    [{ KUBERNETES_SERVICE_HOST: "10.0.0.1" }, 40_000, 90_000],
  ] as const) {
    const clock = manualClock();
    const request = ociRequest(watch, { clock, env: { ...env, OCI_METADATA_BASE_URL: other.origin } });
    const error = await whileAdvancing(clock, watch.rejection(createOciCredentials(request).resolve()), 500);
    assert.equal(error.code, "unauthenticated");
    assert.match(error.message, /does not answer: .*refuses connections.*workload_identity or user_principal/);
    assert.ok(clock.monotonic() >= atLeast && clock.monotonic() <= atMost, String(clock.monotonic()));
  }
});

test("waiting ends when it is cancelled", async (t) => {
  const { clock, metadata, credentials } = await instance(t);
  metadata.delayMs = 60_000;
  const controller = new AbortController();
  const waiting = watch.rejection(credentials.resolve({ signal: controller.signal }));
  await clock.advance(10);
  controller.abort();
  assert.equal((await waiting).code, "cancelled");
});

test("addresses that are none are refused before anything is asked", async () => {
  const bad = ociRequest(watch, { env: { OCI_METADATA_BASE_URL: "169.254.169.254" } });
  assert.equal((await watch.rejection(() => createOciCredentials(bad))).code, "config_invalid");
});
