import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { chooseAzureSettings } from "../../../src/auth/azure/choose-settings.ts";
import { createAzureCredentials } from "../../../src/auth/azure/create.ts";
import { whileAdvancing } from "../../support/aws/aws-request.ts";
import { azureRequest } from "../../support/azure/azure-request.ts";
import { cliToken, createFakeCli } from "../../support/azure/fake-cli.ts";
import { issueToken } from "../../support/azure/tokens.ts";
import { manualClock } from "../../support/manual-clock.ts";
import { scratchDirectory } from "../../support/scratch-directory.ts";
import { watchSecrets } from "../../support/secret-watch.ts";
import { startHttp } from "../../support/web-server.ts";

const watch = watchSecrets();
const key = Buffer.from("TOPSECRET key").toString("base64");
watch.secret(key);
const sas = "sv=2021-12-02&sr=c&sp=rl&se=2030-01-01T00%3A00%3A00Z&sig=TOPSECRET%3D";
const id = "01234567-89ab-cdef-0123-456789abcdef";
const application = { tenantId: "contoso.onmicrosoft.com", clientId: id };

type Input = Parameters<typeof chooseAzureSettings>[0];
const choose = (input: Partial<Input>) => chooseAzureSettings({ parameters: {}, secret: {}, env: {}, ...input });

test("without auth the settings decide, those given with the model before the environment's", () => {
  const typeOf = (input: Partial<Input>) => choose(input).type;
  assert.equal(typeOf({}), "managed_identity");
  assert.equal(typeOf({ secret: { accountKey: key } }), "account_key");
  assert.equal(typeOf({ secret: { azurestorageaccountkey: `${key}\n` } }), "account_key");
  assert.equal(typeOf({ secret: { token: sas } }), "sas_token");
  assert.equal(typeOf({ env: { AZURE_STORAGE_SAS_TOKEN: `?${sas}` } }), "sas_token");
  assert.equal(typeOf({ env: { AZURE_STORAGE_CONNECTION_STRING: `AccountName=a;AccountKey=${key}` } }), "account_key");
  assert.equal(
    typeOf({ secret: { connectionString: `BlobEndpoint=https://a.b;SharedAccessSignature=${sas}` } }),
    "sas_token",
  );
  assert.equal(typeOf({ secret: { ...application, clientSecret: "TOPSECRET" } }), "service_principal");
  const workload = { AZURE_TENANT_ID: "t", AZURE_CLIENT_ID: id, AZURE_FEDERATED_TOKEN_FILE: "/token" };
  assert.equal(typeOf({ env: workload }), "workload_identity");
  assert.equal(typeOf({ env: workload, secret: { accountKey: key } }), "account_key");
  assert.equal(typeOf({ env: { AZURE_STORAGE_KEY: key }, parameters: { auth: "AzureAnonymous" } }), "anonymous");
});

test("OME's spellings are read", () => {
  for (const [spelling, type] of [
    ["AzureAccountKey", "account_key"],
    ["AzureSasToken", "sas_token"],
    ["AzurePodIdentity", "managed_identity"],
    ["AzureCli", "cli"],
    ["AzureDefault", "default"],
  ] as const) {
    assert.equal(choose({ parameters: { auth: spelling }, secret: { accountKey: key, sasToken: sas } }).type, type);
  }
});

test("contradictions and halves are refused, without a secret in the message", async () => {
  for (const [input, words] of [
    [{ parameters: { auth: "account_key" } }, /needs accountKey/],
    [{ parameters: { auth: "sas" } }, /needs sasToken/],
    [{ parameters: { auth: "cli", accountKey: key } }, /accountKey has no meaning with auth cli/],
    [{ parameters: { auth: "service_principal", ...application } }, /client secret or a certificate/],
    [{ secret: { clientSecret: "TOPSECRET" } }, /needs tenantId/],
    [
      { secret: { ...application, clientSecret: "TOPSECRET", clientCertificate: "TOPSECRET" } },
      /both clientSecret and clientCertificate/,
    ],
    [{ parameters: { clientId: id, objectId: id } }, /two identities/],
    [{ parameters: { clientId: "TOPSECR" } }, /is not an id/],
    [{ secret: { sasToken: "TOPSECRET" } }, /not a shared access signature/],
    [{ secret: { accountKey: "TOPSECRET!" } }, /not a base64 account key/],
    [{ secret: { connectionString: "TOPSECRET" } }, /neither AccountKey nor/],
    [{ parameters: { auth: "kerberos" } }, /no auth type of azure/],
  ] as const) {
    const error = await watch.rejection(() => choose(input));
    assert.equal(error.code, "config_invalid");
    assert.match(error.message, words);
  }
});

async function cliLogin(t: TestContext, parameters: Record<string, string>, env: Record<string, string> = {}) {
  const cli = await createFakeCli(await scratchDirectory(t));
  const clock = manualClock(Date.now());
  const request = azureRequest(watch, { clock, parameters, env: { PATH: cli.path, ...env } });
  return { cli, clock, credentials: createAzureCredentials(request) };
}

test("the Azure CLI's user logs in; without one, or without the CLI, the error says so", async (t) => {
  const { cli, clock, credentials } = await cliLogin(t, { auth: "cli", tenantId: "contoso.com" });
  await cli.answer({ stderr: "ERROR: Please run 'az login' to setup account. TOPSECRET", code: 1 });
  assert.match((await watch.rejection(credentials.resolve())).message, /nobody is logged in.*az login/);
  const expires = Math.floor(clock.now() / 1000) * 1000 + 3_600_000;
  const token = issueToken({ aud: "https://storage.azure.com", exp: expires / 1000, upn: "ann@contoso.com" });
  await cli.answer({ stdout: cliToken(token, expires) });
  assert.deepEqual(await credentials.resolve(), { kind: "token", token, expiration: expires });
  assert.deepEqual(await credentials.identify(), {
    kind: "user",
    name: "ann@contoso.com",
    source: "Azure CLI",
    confirmed: true,
  });
  assert.equal(
    (await cli.calls()).at(-1),
    "account get-access-token --output json --resource https://storage.azure.com --tenant contoso.com",
  );
  const none = createAzureCredentials(azureRequest(watch, { parameters: { auth: "cli" } }));
  assert.match((await watch.rejection(none.resolve())).message, /no `az` on the PATH/);
});

test("default asks the CLI only where nothing answers for the machine", async (t) => {
  const gone = await startHttp(t, () => {});
  await gone.close();
  const elsewhere = await cliLogin(t, { auth: "default" }, { AZURE_POD_IDENTITY_AUTHORITY_HOST: gone.origin });
  const expires = Math.floor(elsewhere.clock.now() / 1000) * 1000 + 3_600_000;
  await elsewhere.cli.answer({ stdout: cliToken("a.e30.b", expires) });
  assert.equal((await whileAdvancing(elsewhere.clock, elsewhere.credentials.resolve(), 20))?.kind, "token");
  const refusing = await startHttp(t, (_incoming, outgoing) =>
    outgoing.writeHead(400).end('{"error_description":"Identity not found"}'),
  );
  const refused = await cliLogin(t, { auth: "default" }, { AZURE_POD_IDENTITY_AUTHORITY_HOST: refusing.origin });
  await refused.cli.answer({ stdout: cliToken("a.e30.b", expires) });
  assert.match((await watch.rejection(refused.credentials.resolve())).message, /is not assigned/);
  assert.deepEqual(await refused.cli.calls(), []);
});

test("keys and signatures are given out as they are, with the end of a signature", async () => {
  const access = await createAzureCredentials(azureRequest(watch, { secret: { sasToken: `?${sas}` } })).resolve();
  assert.deepEqual(access, { kind: "sas", query: sas, expiration: Date.parse("2030-01-01T00:00:00Z") });
  const credentials = createAzureCredentials(azureRequest(watch, { env: { AZURE_STORAGE_KEY: key } }));
  assert.deepEqual([(await credentials.resolve())?.kind, credentials.ambient], ["account_key", true]);
});
