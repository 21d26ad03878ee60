import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { createOciCredentials } from "../../../src/auth/oci/create.ts";
import { verifySessionToken } from "../../../src/testing/fake-oci/index.ts";
import { whileAdvancing } from "../../support/aws/aws-request.ts";
import { manualClock } from "../../support/manual-clock.ts";
import { rootCertificate } from "../../support/oci/certificates.ts";
import { startOciMetadata } from "../../support/oci/fake-instance-metadata.ts";
import { startProxymux, testWorkload } from "../../support/oci/fake-proxymux.ts";
import { ociRequest } from "../../support/oci/oci-request.ts";
import { secretMark, watchSecrets } from "../../support/secret-watch.ts";

const watch = watchSecrets();
const minute = 60_000;

async function pod(t: Parameters<typeof startProxymux>[0], env: Record<string, string> = {}) {
  const clock = manualClock(1_790_000_000_000);
  const proxymux = await startProxymux(t, clock);
  proxymux.accepted.add(`${secretMark}-one`);
  proxymux.rotate(`${secretMark}-one`);
  const request = ociRequest(watch, {
    parameters: { auth: "OkeWorkloadIdentity" },
    clock,
    env: { ...proxymux.env, OCI_RESOURCE_PRINCIPAL_REGION: "eu-frankfurt-1", ...env },
  });
  return { clock, proxymux, credentials: createOciCredentials(request) };
}

test("the pod's token becomes a session token, by a service that the cluster's authority vouches for", async (t) => {
  const { clock, proxymux, credentials } = await pod(t);
  const key = await credentials.resolve();
  const token = watch.secret(proxymux.tokens[0] ?? "");
  assert.equal(credentials.authType, "workload_identity");
  assert.equal(key.keyId, `ST$${token}`);
  assert.ok(verifySessionToken(token, proxymux.issuer, clock.now()));
  assert.deepEqual(await credentials.home(), { region: "eu-frankfurt-1" });
  assert.deepEqual(await credentials.identify(), {
    kind: "ocid",
    name: testWorkload,
    source: "workload identity",
    confirmed: true,
  });
});

test("the region is the node's where the pod's environment names none", async (t) => {
  const metadata = await startOciMetadata(t, manualClock());
  const { credentials } = await pod(t, { OCI_RESOURCE_PRINCIPAL_REGION: "", OCI_METADATA_BASE_URL: metadata.baseUrl });
  assert.deepEqual(await credentials.home(), { region: "us-ashburn-1", domain: "oraclecloud.com" });
});

test("the pod's token is read anew for every login", async (t) => {
  const { clock, proxymux, credentials } = await pod(t);
  await credentials.resolve();
  proxymux.accepted.clear();
  proxymux.accepted.add(`${secretMark}-two`);
  proxymux.rotate(`${secretMark}-two`);
  await clock.advance(19.8 * minute);
  const all = await Promise.all(Array.from({ length: 100 }, () => credentials.resolve()));
  assert.deepEqual(proxymux.presented, [`${secretMark}-one`, `${secretMark}-two`]);
  assert.equal(new Set(all.map(({ keyId }) => keyId)).size, 1);
  assert.equal(all[0]?.keyId, `ST$${proxymux.tokens[1]}`);
});

test("a service that is not ready is waited for; one that refuses is not", async (t) => {
  const { clock, proxymux, credentials } = await pod(t);
  proxymux.failures.push(503, 500);
  const key = await whileAdvancing(clock, credentials.resolve(), 500);
  assert.equal(key.keyId, `ST$${proxymux.tokens[0]}`);
  for (const status of [401, 403]) {
    const refusing = await pod(t);
    refusing.proxymux.failures.push(status);
    const error = await watch.rejection(refusing.credentials.resolve());
    assert.deepEqual([error.code, error.httpStatus, error.retry], ["unauthenticated", status, "permanent"]);
    assert.match(error.hint, /type enhanced/);
  }
});

test("a service that another authority vouches for gets no token", async (t) => {
  const { proxymux, credentials } = await pod(t);
  writeFileSync(proxymux.env["OCI_KUBERNETES_SERVICE_ACCOUNT_CERT_PATH"] ?? "", rootCertificate.toString());
  const error = await watch.rejection(credentials.resolve());
  assert.equal(error.code, "connection");
  assert.deepEqual(proxymux.presented, []);
});

test("outside a cluster, and without mounted files, it is said what is missing", async (t) => {
  const outside = ociRequest(watch, { parameters: { auth: "workload_identity" }, env: {} });
  const error = await watch.rejection(() => createOciCredentials(outside));
  assert.equal(error.code, "config_invalid");
  assert.match(error.message, /KUBERNETES_SERVICE_HOST is not set, this is no pod/);
  const { credentials } = await pod(t, { OCI_KUBERNETES_SERVICE_ACCOUNT_TOKEN_PATH: "/nonexistent/token" });
  const missing = await watch.rejection(credentials.resolve());
  assert.equal(missing.code, "unauthenticated");
  assert.match(missing.message, /token file \/nonexistent\/token does not exist/);
});
