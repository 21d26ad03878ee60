import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createGcpCredentials } from "../../../src/auth/gcp/create.ts";
import { startTokenServices } from "../../support/gcp/fake-token-services.ts";
import { gcpRequest } from "../../support/gcp/gcp-request.ts";
import { createServiceAccount } from "../../support/gcp/service-account.ts";
import { manualClock } from "../../support/manual-clock.ts";
import { scratchDirectory } from "../../support/scratch-directory.ts";
import { secretMark, watchSecrets } from "../../support/secret-watch.ts";

const watch = watchSecrets();
const account = createServiceAccount();
const stranger = createServiceAccount();

async function house(t: TestContext) {
  const clock = manualClock(1_790_000_000_000);
  const services = await startTokenServices(clock);
  t.after(() => services.close());
  services.accounts.push(account);
  const directory = await scratchDirectory(t);
  const write = (name: string, content: string): string => {
    const path = join(directory, name);
    writeFileSync(path, content);
    return path;
  };
  const login = (changes: Parameters<typeof gcpRequest>[1]) =>
    createGcpCredentials(gcpRequest(watch, { clock, env: { HOME: directory }, ...changes }));
  return { clock, services, directory, write, login };
}

test("a service account's key of the Secret signs an assertion that is verified", async (t) => {
  const { clock, services, login } = await house(t);
  const credentials = login({ secret: { "key.json": `${account.keyFile(services.tokenUri)}\n` } });
  const token = await credentials.resolve();
  assert.equal(credentials.authType, "service_account");
  assert.equal(services.tokens.get(token?.token ?? ""), account.email);
  assert.equal(token?.expiration, clock.now() + 3_600_000);
  assert.deepEqual(await credentials.identify(), {
    kind: "email",
    name: account.email,
    source: "key in key.json",
    confirmed: true,
  });
  assert.equal(services.requests.length, 1);
});

test("a service account's key file, by parameter and by GOOGLE_APPLICATION_CREDENTIALS", async (t) => {
  const { services, write, directory, login } = await house(t);
  const keyFile = write("key.json", account.keyFile(services.tokenUri));
  for (const changes of [
    { parameters: { keyFile } },
    { env: { HOME: directory, GOOGLE_APPLICATION_CREDENTIALS: keyFile } },
  ]) {
    assert.equal((await login(changes).identify()).name, account.email);
  }
});

test("a key that Google does not know, a clock that is wrong, an account that is gone", async (t) => {
  const { clock, services, login } = await house(t);
  const unknown = await watch.rejection(login({ secret: { keyJson: stranger.keyFile(services.tokenUri) } }).resolve());
  assert.deepEqual([unknown.code, unknown.serviceCode], ["unauthenticated", "invalid_grant"]);
  assert.match(unknown.message, /deleted or disabled/);

  const late = { ...clock, now: () => clock.now() + 3_600_000 };
  const skewed = login({ secret: { keyJson: account.keyFile(services.tokenUri) }, clock: late });
  assert.match((await watch.rejection(skewed.resolve())).message, /this machine's clock is wrong/);

  services.accounts.length = 0;
  const gone = login({ secret: { keyJson: account.keyFile(services.tokenUri) } });
  assert.match((await watch.rejection(gone.resolve())).message, /does not exist any more/);
});

test("a token service with a problem of its own is asked again", async (t) => {
  const { clock, services, login } = await house(t);
  services.failures.push(503, 500);
  const quick = { ...clock, sleep: () => Promise.resolve() };
  const forever = new Promise<never>(() => {});
  const clocked = { ...quick, sleep: (ms: number) => (ms > 20_000 ? forever : Promise.resolve()) };
  const credentials = login({ secret: { keyJson: account.keyFile(services.tokenUri) }, clock: clocked });
  await credentials.resolve();
  assert.equal(services.requests.length, 3);
});

test("keys that are none", async (t) => {
  const { login } = await house(t);
  const bad: readonly [string, RegExp][] = [
    ["not json", /it is not JSON/],
    ["[]", /it is no object/],
    ["{}", /it has no "type"/],
    ['{"type":"service_account"}', /it has no "client_email"/],
    [JSON.stringify({ ...JSON.parse(account.keyFile("x")), token_uri: "http://example.com/token" }), /no https/],
    [JSON.stringify({ ...JSON.parse(account.keyFile("https://x/")), private_key: secretMark }), /no key in PEM/],
    ['{"type":"external_account"}', /takes files of type service_account/],
  ];
  for (const [keyJson, message] of bad) {
    const error = await watch.rejection(() => Promise.resolve().then(() => login({ secret: { keyJson } }).resolve()));
    assert.equal(error.code, "config_invalid");
    assert.match(error.message, message);
  }
  const missing = login({ parameters: { keyFile: "/nonexistent/key.json" } });
  assert.match((await watch.rejection(missing.resolve())).message, /that keyFile names does not exist/);
});

test("gcloud's own login, and whose it is", async (t) => {
  const { services, directory, login } = await house(t);
  mkdirSync(join(directory, ".config", "gcloud"), { recursive: true });
  const write = (refreshToken: string): void => {
    const content = {
      type: "authorized_user",
      client_id: "gcloud.apps.googleusercontent.com",
      client_secret: `${secretMark}-client`,
      refresh_token: refreshToken,
      token_uri: services.tokenUri,
      quota_project_id: "billing",
    };
    const path = join(directory, ".config", "gcloud", "application_default_credentials.json");
    writeFileSync(path, JSON.stringify(content));
  };
  services.refreshTokens.set(`${secretMark}-1`, "alice@example.com").set(`${secretMark}-2`, undefined);
  write(`${secretMark}-1`);
  const credentials = login({});
  const { kind, name } = await credentials.identify();
  assert.deepEqual([kind, name], ["email", "alice@example.com"]);
  assert.equal(await credentials.quotaProject(), "billing");
  write(`${secretMark}-2`);
  assert.equal((await login({}).identify()).kind, "client_id");
  write(`${secretMark}-revoked`);
  const error = await watch.rejection(login({}).resolve());
  assert.match(error.message, /expired or was revoked.*gcloud auth application-default login/);
});

test("a service account is taken on by a login that may", async (t) => {
  const { services, write, login } = await house(t);
  services.refreshTokens.set(`${secretMark}-1`, "alice@example.com");
  const target = "target@my-project.iam.gserviceaccount.com";
  const source = {
    type: "authorized_user",
    client_id: "id",
    client_secret: `${secretMark}-client`,
    refresh_token: `${secretMark}-1`,
    token_uri: services.tokenUri,
  };
  const content = {
    type: "impersonated_service_account",
    source_credentials: source,
    service_account_impersonation_url: `${services.url}/v1/projects/-/serviceAccounts/${target}:generateAccessToken`,
  };
  const keyFile = write("impersonated.json", JSON.stringify(content));
  const make = () => login({ parameters: { auth: "application_default", keyFile } });
  const refused = await watch.rejection(make().resolve());
  assert.deepEqual([refused.code, refused.serviceCode], ["permission_denied", "PERMISSION_DENIED"]);
  assert.match(refused.message, /alice@example\.com may not become target@.*serviceAccountTokenCreator/);

  services.impersonations.add(`alice@example.com -> ${target}`);
  const credentials = make();
  const token = await credentials.resolve();
  assert.equal(services.tokens.get(token?.token ?? ""), target);
  assert.equal((await credentials.identify()).name, target);
});

test("anonymous is asked for, and asks nobody", async (t) => {
  const { login } = await house(t);
  const credentials = login({ parameters: { auth: "anonymous" } });
  assert.equal(await credentials.resolve(), undefined);
  assert.equal((await credentials.identify()).kind, "anonymous");
});

test("a key in the parameters works, with a warning", async (t) => {
  const { services, login } = await house(t);
  await login({ parameters: { keyJson: account.keyFile(services.tokenUri) } }).resolve();
  assert.ok(watch.messages.some((line) => /parameters\.keyJson can be read by everyone/.test(line)));
});
