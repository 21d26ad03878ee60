import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { createAzureCredentials } from "../../../src/auth/azure/create.ts";
import { whileAdvancing } from "../../support/aws/aws-request.ts";
import { azureRequest } from "../../support/azure/azure-request.ts";
import { startAzureMetadata, systemIdentity, userIdentity } from "../../support/azure/fake-metadata.ts";
import { storageClaims } from "../../support/azure/tokens.ts";
import { startProxy } from "../../support/http-proxy.ts";
import { manualClock } from "../../support/manual-clock.ts";
import { watchSecrets } from "../../support/secret-watch.ts";
import { startHttp } from "../../support/web-server.ts";

const watch = watchSecrets();
const minute = 60_000;

async function machine(t: TestContext, changes: Parameters<typeof azureRequest>[1] = {}) {
  const clock = manualClock(Date.now());
  const metadata = await startAzureMetadata(clock);
  t.after(() => metadata.close());
  const env = { AZURE_POD_IDENTITY_AUTHORITY_HOST: metadata.url, ...changes.env };
  return { clock, metadata, credentials: createAzureCredentials(azureRequest(watch, { clock, ...changes, env })) };
}

const tokenOf = (access: Awaited<ReturnType<ReturnType<typeof createAzureCredentials>["resolve"]>>): string =>
  access?.kind === "token" ? access.token : assert.fail("no token");

test("without any setting the machine's own identity logs in, with the header that the service wants", async (t) => {
  const { clock, metadata, credentials } = await machine(t);
  const access = await credentials.resolve();
  assert.equal(credentials.authType, "managed_identity");
  assert.equal(credentials.ambient, true);
  assert.equal(storageClaims(tokenOf(access), clock.now())?.appid, systemIdentity);
  assert.equal(access?.expiration, Math.floor((clock.now() + metadata.lifetimeMs) / 1000) * 1000);
  assert.deepEqual(await credentials.identify(), {
    kind: "client_id",
    name: systemIdentity,
    source: "managed identity",
    confirmed: true,
  });
  assert.equal(
    metadata.requests[0],
    "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fstorage.azure.com",
  );
});

test("a user-assigned identity is chosen by client id, object id or resource id", async (t) => {
  for (const [parameter, name] of [
    ["clientId", "client_id"],
    ["objectId", "object_id"],
    ["resourceId", "msi_res_id"],
  ] as const) {
    const { clock, credentials } = await machine(t, { parameters: { [parameter]: userIdentity[name] } });
    assert.equal(storageClaims(tokenOf(await credentials.resolve()), clock.now())?.appid, userIdentity.client_id);
  }
  const { credentials } = await machine(t, { env: { AZURE_CLIENT_ID: userIdentity.client_id } });
  assert.equal((await credentials.identify()).name, userIdentity.client_id);
});

test("an identity that is not assigned is an error, never another identity", async (t) => {
  const clientId = "00000000-0000-4000-8000-00000000dead";
  const { credentials } = await machine(t, { parameters: { auth: "AzureManagedIdentity", clientId } });
  const error = await watch.rejection(credentials.resolve());
  assert.deepEqual([error.code, error.retry], ["unauthenticated", "permanent"]);
  assert.match(error.message, /00000000dead is not assigned to this machine.*node pool/);
  const several = await machine(t);
  several.metadata.ambiguous = true;
  assert.match((await watch.rejection(several.credentials.resolve())).message, /several identities.*clientId/);
});

test("a service that fails twice and then takes twenty seconds is waited for, and the waiting is logged", async (t) => {
  const { clock, metadata, credentials } = await machine(t);
  metadata.failures.push(500, 500);
  metadata.delayMs = 20_000;
  const before = watch.messages.length;
  await whileAdvancing(clock, credentials.resolve(), 500);
  assert.equal(metadata.requests.length, 3);
  assert.equal(watch.messages.slice(before).filter((line) => line.endsWith("not ready, waiting")).length, 2);
});

test("a failure is not remembered", async (t) => {
  const { metadata, credentials } = await machine(t);
  metadata.ambiguous = true;
  await watch.rejection(credentials.resolve());
  metadata.ambiguous = false;
  assert.equal((await credentials.resolve())?.kind, "token");
});

test("a hundred callers share one request, and the token is renewed before it ends", async (t) => {
  const { clock, metadata, credentials } = await machine(t);
  metadata.lifetimeMs = 60 * minute;
  const first = await Promise.all(Array.from({ length: 100 }, () => credentials.resolve()));
  assert.equal(metadata.requests.length, 1);
  await clock.advance(54 * minute);
  assert.equal(tokenOf(await credentials.resolve()), tokenOf(first[0]));
  assert.equal(metadata.requests.length, 1);
  await clock.advance(5.8 * minute);
  const second = await Promise.all(Array.from({ length: 100 }, () => credentials.resolve()));
  assert.equal(metadata.requests.length, 2);
  assert.equal(new Set(second.map(tokenOf)).size, 1);
  assert.notEqual(tokenOf(second[0]), tokenOf(first[0]));
});

test("a refused token is replaced at once", async (t) => {
  const { clock, credentials } = await machine(t);
  const first = tokenOf(await credentials.resolve());
  await clock.advance(6_000);
  assert.notEqual(tokenOf(await credentials.resolve({ forceRefresh: true })), first);
});

test("where nothing answers the error says what else there is; in a cluster after a minute", async (t) => {
  const gone = await startHttp(t, () => {});
  await gone.close();
  for (const [env, atLeast, atMost] of [
    [{}, 0, 10_000],
    [{ KUBERNETES_SERVICE_HOST: "10.0.0.1" }, 40_000, 90_000],
  ] as const) {
    const clock = manualClock(Date.now());
    const request = azureRequest(watch, { clock, env: { ...env, AZURE_POD_IDENTITY_AUTHORITY_HOST: gone.origin } });
    const error = await whileAdvancing(clock, watch.rejection(createAzureCredentials(request).resolve()), 500);
    assert.equal(error.code, "unauthenticated");
    assert.match(error.message, /does not answer: .*refuses connections.*auth cli/);
    assert.ok(clock.monotonic() >= atLeast && clock.monotonic() <= atMost, String(clock.monotonic()));
  }
});

test("App Service and Container Apps are asked at their own endpoint with their header", async (t) => {
  const seen: string[] = [];
  const endpoint = await startHttp(t, ({ url, headers }, outgoing) => {
    seen.push(url ?? "");
    const known = headers["x-identity-header"] === "TOPSECRET-header";
    const expires = Math.floor(Date.now() / 1000) + 3600;
    outgoing.writeHead(known ? 200 : 401).end(JSON.stringify({ access_token: "a.e30.b", expires_on: expires }));
  });
  const env = { IDENTITY_ENDPOINT: `${endpoint.origin}/msi/token`, IDENTITY_HEADER: "TOPSECRET-header" };
  const request = azureRequest(watch, { env, parameters: { objectId: userIdentity.object_id } });
  assert.equal((await createAzureCredentials(request).resolve())?.kind, "token");
  assert.match(seen[0] ?? "", /^\/msi\/token\?api-version=2019-08-01&resource=[^&]+&principal_id=/);
});

test("the metadata service is never asked through a proxy", async (t) => {
  const proxy = await startProxy(t);
  const network = { id: "proxied", extraCa: "", httpProxy: proxy.url, httpsProxy: proxy.url, noProxy: [] };
  const { credentials } = await machine(t, { network });
  await credentials.resolve();
  assert.deepEqual(proxy.requests, []);
});
