import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createAzureCredentials } from "../../../src/auth/azure/create.ts";
import { networkFromEnvironment } from "../../../src/network/network-from-environment.ts";
import { whileAdvancing } from "../../support/aws/aws-request.ts";
import { azureRequest } from "../../support/azure/azure-request.ts";
import { createFakeEntra, testApplication, testTenant } from "../../support/azure/fake-entra.ts";
import { startProxy } from "../../support/http-proxy.ts";
import { manualClock } from "../../support/manual-clock.ts";
import { scratchDirectory } from "../../support/scratch-directory.ts";
import { watchSecrets } from "../../support/secret-watch.ts";
import { startHttps, testCa } from "../../support/web-server.ts";

const watch = watchSecrets();
const minute = 60_000;
const application = { tenantId: testTenant, clientId: testApplication };
const pem = (name: string): string =>
  readFileSync(new URL(`../../support/oci/certificates/${name}.pem`, import.meta.url), "utf8");
const certificate = `${pem("leaf-1-key")}\n${pem("leaf-1")}`;

async function entra(t: TestContext, host = "127.0.0.1") {
  const clock = manualClock(Date.now());
  let origin = "";
  const fake = createFakeEntra(
    () => origin,
    () => clock.now(),
  );
  const server = await startHttps(t, (incoming, outgoing) => fake.listener(incoming, outgoing));
  origin = `https://${host}:${server.port}`;
  const network = networkFromEnvironment({}, { caBundle: testCa });
  const login = (changes: Parameters<typeof azureRequest>[1]) =>
    createAzureCredentials(
      azureRequest(watch, { clock, network, ...changes, env: { AZURE_AUTHORITY_HOST: origin, ...changes.env } }),
    );
  return { fake, clock, login, origin };
}

test("a service principal logs in with its secret, whose owner is read from the token", async (t) => {
  const { fake, login } = await entra(t);
  fake.clientSecret = "TOPSECRET client secret";
  const credentials = login({ secret: { ...application, clientSecret: fake.clientSecret } });
  assert.equal(credentials.authType, "service_principal");
  assert.equal(credentials.ambient, false);
  const access = await credentials.resolve();
  assert.equal(access?.kind === "token" ? access.token : "", fake.tokens[0]);
  assert.deepEqual(await credentials.identify(), {
    kind: "client_id",
    name: testApplication,
    source: "service principal (client secret)",
    confirmed: true,
  });
  const environment = {
    AZURE_TENANT_ID: testTenant,
    AZURE_CLIENT_ID: testApplication,
    AZURE_CLIENT_SECRET: fake.clientSecret,
  };
  const ambient = login({ env: environment });
  assert.deepEqual([ambient.authType, ambient.ambient], ["service_principal", true]);
  assert.equal((await ambient.resolve())?.kind, "token");
});

test("a service principal signs with its certificate, from a Secret or a file", async (t) => {
  const { fake, login } = await entra(t);
  fake.certificate = pem("leaf-1");
  assert.equal((await login({ secret: { ...application, clientCertificate: certificate } }).resolve())?.kind, "token");
  const path = join(await scratchDirectory(t), "certificate.pem");
  await writeFile(path, certificate);
  const fromFile = login({
    parameters: { ...application, auth: "AzureClientCertificate", clientCertificatePath: path },
  });
  assert.equal((await fromFile.resolve())?.kind, "token");
  fake.certificate = pem("leaf-2");
  const error = await watch.rejection(login({ secret: { ...application, clientCertificate: certificate } }).resolve());
  assert.equal(error.serviceCode, "AADSTS700027");
  assert.match(error.message, /certificate is not one of the application's/);
  const half = login({ secret: { ...application, clientCertificate: pem("leaf-1") } });
  assert.match((await watch.rejection(half.resolve())).message, /not PEM with the certificate and its private key/);
});

test("workload identity presents what the token file holds now", async (t) => {
  const { fake, login, clock } = await entra(t);
  const tokenFile = join(await scratchDirectory(t), "token");
  const env = { AZURE_TENANT_ID: testTenant, AZURE_CLIENT_ID: testApplication, AZURE_FEDERATED_TOKEN_FILE: tokenFile };
  const credentials = login({ env });
  assert.equal(credentials.authType, "workload_identity");
  const missing = await watch.rejection(credentials.resolve());
  assert.match(missing.message, /federated token file .* does not exist.*azure\.workload\.identity\/use/);
  await writeFile(tokenFile, "TOPSECRET first token\n");
  fake.federatedToken = "TOPSECRET first token";
  assert.equal((await credentials.resolve())?.kind, "token");
  // The kubelet rotates it.
  await writeFile(tokenFile, "TOPSECRET second token\n");
  fake.federatedToken = "TOPSECRET second token";
  await clock.advance(59.8 * minute);
  fake.lifetimeMs = 24 * 60 * minute;
  await credentials.resolve();
  assert.equal(fake.tokens.length, 2);
  await rm(tokenFile);
  await clock.advance(60 * minute);
  assert.equal((await credentials.resolve())?.kind, "token", "the present token is still valid");
  const stranger = login({ env: { ...env, AZURE_FEDERATED_TOKEN_FILE: join(tokenFile, "..", "other") } });
  await writeFile(join(tokenFile, "..", "other"), "TOPSECRET unknown");
  const refused = await watch.rejection(stranger.resolve());
  assert.match(refused.message, /trusts no such service account.*system:serviceaccount/);
});

test("a device code is shown and waited for", async (t) => {
  const { fake, login } = await entra(t);
  fake.pendingPolls = 1;
  const before = watch.messages.length;
  const access = await login({ parameters: { ...application, auth: "AzureDeviceFlow" } }).resolve();
  assert.equal(access?.kind, "token");
  assert.ok(watch.messages.slice(before).includes("warn open the address in a browser and enter the code"));
});

test("refusals say what to check, and never repeat what the service said", async (t) => {
  const { fake, login } = await entra(t);
  fake.clientSecret = "TOPSECRET right";
  const secret = { ...application, clientSecret: "TOPSECRET wrong" };
  const wrong = await watch.rejection(login({ secret }).resolve());
  assert.deepEqual(
    [wrong.code, wrong.retry, wrong.serviceCode, wrong.httpStatus],
    ["unauthenticated", "permanent", "AADSTS7000215", 401],
  );
  for (const [code, status, words] of [
    [7000222, 401, /expired.*new secret/],
    [700016, 400, /no such application/],
    [700024, 401, /clock \(NTP\)/],
    [50034, 400, /AADSTS50034/],
  ] as const) {
    fake.failures.push({ status, code });
    assert.match((await watch.rejection(login({ secret }).resolve())).message, words);
  }
  const tenant = login({ secret: { ...secret, tenantId: "20000000-0000-4000-8000-000000000001" } });
  assert.match((await watch.rejection(tenant.resolve())).message, /no such tenant/);
  fake.failures.push({ status: 503, code: 90033 });
  const busy = await watch.rejection(login({ secret }).resolve());
  assert.deepEqual([busy.code, busy.retry], ["unavailable", "temporary"]);
});

test("a hundred callers share one login", async (t) => {
  const { fake, login } = await entra(t);
  fake.clientSecret = "TOPSECRET";
  const credentials = login({ secret: { ...application, clientSecret: fake.clientSecret } });
  await Promise.all(Array.from({ length: 100 }, () => credentials.resolve()));
  assert.equal(fake.tokens.length, 1);
});

test("logins go through the proxy, and an authority that is not trusted is named", async (t) => {
  const host = "login.tests.example";
  const { fake, login, origin } = await entra(t, host);
  fake.clientSecret = "TOPSECRET";
  const secret = { ...application, clientSecret: fake.clientSecret };
  const proxy = await startProxy(t, { hosts: [host] });
  const proxied = networkFromEnvironment({}, { caBundle: testCa, httpsProxy: proxy.url });
  await login({ secret, network: proxied }).resolve();
  assert.equal(proxy.requests[0], `CONNECT ${new URL(origin).host}`);
  const untrusting = await watch.rejection(
    login({ secret, network: networkFromEnvironment({}, { httpsProxy: proxy.url }) }).resolve(),
  );
  assert.match(untrusting.message, /certificate/i);
  assert.equal(untrusting.provider, "azure");
});

test("waiting for a login ends when it is cancelled", async (t) => {
  const clock = manualClock(Date.now());
  const silent = await startHttps(t, () => {});
  const network = networkFromEnvironment({}, { caBundle: testCa });
  const secret = { ...application, clientSecret: "TOPSECRET" };
  const env = { AZURE_AUTHORITY_HOST: silent.origin };
  const credentials = createAzureCredentials(azureRequest(watch, { clock, network, secret, env }));
  const controller = new AbortController();
  const waiting = watch.rejection(credentials.resolve({ signal: controller.signal }));
  setTimeout(() => controller.abort(), 20);
  assert.equal((await whileAdvancing(clock, waiting, 1)).code, "cancelled");
});
