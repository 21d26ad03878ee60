import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { createGcpCredentials } from "../../../src/auth/gcp/create.ts";
import { directNetwork } from "../../../src/network/network-profile.ts";
import { whileAdvancing } from "../../support/aws/aws-request.ts";
import { startMetadataServer } from "../../support/gcp/fake-metadata-server.ts";
import { gcpRequest } from "../../support/gcp/gcp-request.ts";
import { manualClock } from "../../support/manual-clock.ts";
import { secretMark, watchSecrets } from "../../support/secret-watch.ts";

const watch = watchSecrets();
const minute = 60_000;

async function node(t: TestContext, env: Record<string, string> = {}, parameters: Record<string, unknown> = {}) {
  const clock = manualClock(1_790_000_000_000);
  const metadata = await startMetadataServer();
  t.after(() => metadata.close());
  // A proxy that leads nowhere: metadata must not go through it.
  const network = { ...directNetwork, id: "proxied", httpProxy: "http://127.0.0.1:9" };
  const variables = { HOME: "/nonexistent", GCE_METADATA_HOST: metadata.host, ...env };
  const request = gcpRequest(watch, { clock, network, env: variables, parameters });
  return { clock, metadata, credentials: createGcpCredentials(request) };
}

test("the machine's service account, never through a proxy", async (t) => {
  const { clock, metadata, credentials } = await node(t);
  assert.deepEqual(await credentials.resolve(), {
    token: `ya29.${secretMark}-node-1`,
    expiration: clock.now() + 60 * minute,
  });
  assert.deepEqual(await credentials.identify(), {
    kind: "email",
    name: "node@my-project.iam.gserviceaccount.com",
    source: "metadata server",
    confirmed: true,
  });
  assert.equal(metadata.requests.length, 2);
});

test("GKE's metadata server is waited for while a pod starts", async (t) => {
  const pod = { KUBERNETES_SERVICE_HOST: "10.0.0.1" };
  const { clock, metadata, credentials } = await node(t, pod, { auth: "GCPWorkloadIdentity" });
  metadata.failures.push("disconnect", 503, 500, 429);
  const { token } = (await whileAdvancing(clock, credentials.resolve(), 500)) ?? {};
  assert.equal(token, `ya29.${secretMark}-node-1`);
  assert.equal(credentials.authType, "workload_identity");
  assert.ok(watch.messages.some((line) => /not ready, waiting/.test(line)));
});

test("a token is renewed before it ends, once for a hundred who wait, and a failure is not remembered", async (t) => {
  const { clock, metadata, credentials } = await node(t);
  await credentials.resolve();
  await clock.advance(54 * minute);
  assert.equal((await credentials.resolve())?.token, `ya29.${secretMark}-node-1`);
  await clock.advance(7 * minute);
  metadata.failures.push(403);
  const error = await watch.rejection(credentials.resolve());
  assert.deepEqual([error.code, error.httpStatus], ["unauthenticated", 403]);
  const all = await Promise.all(Array.from({ length: 100 }, () => credentials.resolve()));
  assert.deepEqual(new Set(all.map((token) => token?.token)), new Set([`ya29.${secretMark}-node-2`]));
  assert.equal(metadata.tokens, 2);
});

test("in its last five minutes a token is renewed beside", async (t) => {
  const { clock, metadata, credentials } = await node(t);
  await credentials.resolve();
  await clock.advance(56 * minute);
  assert.equal((await credentials.resolve())?.token, `ya29.${secretMark}-node-1`);
  while (metadata.tokens < 2) await clock.advance(1);
  for (let round = 0; round < 200 && (await credentials.resolve())?.token.endsWith("-1"); round++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.equal((await credentials.resolve())?.token, `ya29.${secretMark}-node-2`);
});

test("a machine without a service account", async (t) => {
  const { metadata, credentials } = await node(t);
  metadata.email = undefined;
  const error = await watch.rejection(credentials.resolve());
  assert.deepEqual([error.code, error.retry], ["unauthenticated", "permanent"]);
  assert.match(error.detail, /no service account/);
});

test("where there is no metadata server the message says what was looked for", async (t) => {
  const { clock, metadata, credentials } = await node(t);
  await metadata.close();
  const error = await watch.rejection(whileAdvancing(clock, credentials.resolve(), 1000));
  assert.deepEqual([error.code, error.retry], ["unauthenticated", "permanent"]);
  assert.match(
    error.message,
    /GOOGLE_APPLICATION_CREDENTIALS is not set, .*application_default_credentials\.json does/,
  );
  assert.match(error.hint, /gcloud auth application-default login/);
});
