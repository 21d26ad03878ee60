import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createGcpCredentials } from "../../../src/auth/gcp/create.ts";
import { startListener } from "../../../src/testing/loopback/start-listener.ts";
import { jsonAnswer } from "../../../src/testing/loopback/web-answer.ts";
import { startTokenServices, stsAudience } from "../../support/gcp/fake-token-services.ts";
import { gcpRequest } from "../../support/gcp/gcp-request.ts";
import { manualClock } from "../../support/manual-clock.ts";
import { scratchDirectory } from "../../support/scratch-directory.ts";
import { secretMark, watchSecrets } from "../../support/secret-watch.ts";

const watch = watchSecrets();
const target = "reader@my-project.iam.gserviceaccount.com";

async function house(t: TestContext) {
  const clock = manualClock(1_790_000_000_000);
  const services = await startTokenServices(clock);
  t.after(() => services.close());
  const directory = await scratchDirectory(t);
  const tokenFile = join(directory, "token");
  const configuration = join(directory, "federation.json");
  const login = (source: Record<string, unknown>, more: Record<string, unknown> = {}, parameters = {}) => {
    const content = {
      type: "external_account",
      audience: stsAudience,
      subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
      token_url: `${services.url}/v1/token`,
      credential_source: source,
      ...more,
    };
    writeFileSync(configuration, JSON.stringify(content));
    const env = { HOME: directory, GOOGLE_APPLICATION_CREDENTIALS: configuration };
    return createGcpCredentials(
      gcpRequest(watch, { clock, env, parameters: { auth: "workload_identity", ...parameters } }),
    );
  };
  const impersonation = {
    service_account_impersonation_url: `${services.url}/v1/projects/-/serviceAccounts/${target}:generateAccessToken`,
  };
  return { clock, services, tokenFile, login, impersonation };
}

test("a projected token is exchanged, read anew each time", async (t) => {
  const { clock, services, tokenFile, login } = await house(t);
  services.subjectTokens.add(`${secretMark}-one`);
  writeFileSync(tokenFile, `${secretMark}-one\n`);
  const credentials = login({ file: tokenFile });
  const first = await credentials.resolve();
  assert.equal(services.tokens.get(first?.token ?? ""), "federated");
  assert.match((await credentials.identify()).name, /workloadIdentityPools\/pool/);

  services.subjectTokens.clear();
  services.subjectTokens.add(`${secretMark}-two`);
  writeFileSync(tokenFile, `${secretMark}-two`);
  await clock.advance(3_590_000);
  assert.notEqual((await credentials.resolve())?.token, first?.token);
});

test("the federated identity takes on a service account", async (t) => {
  const { services, tokenFile, login, impersonation } = await house(t);
  services.subjectTokens.add(`${secretMark}-one`);
  services.impersonations.add(`federated -> ${target}`);
  writeFileSync(tokenFile, JSON.stringify({ id_token: `${secretMark}-one` }));
  const format = { type: "json", subject_token_field_name: "id_token" };
  const credentials = login({ file: tokenFile, format }, impersonation);
  assert.equal((await credentials.identify()).name, target);
  assert.equal(services.tokens.get((await credentials.resolve())?.token ?? ""), target);
});

test("a token by URL, with its headers", async (t) => {
  const { services, login } = await house(t);
  services.subjectTokens.add(`${secretMark}-url`);
  const provider = await startListener(({ headers }) =>
    headers["x-identity"] === "yes" ? jsonAnswer({ value: `${secretMark}-url` }) : { status: 403 },
  );
  t.after(() => provider.close());
  const format = { type: "json", subject_token_field_name: "value" };
  const url = `${provider.url}/identity`;
  await login({ url, headers: { "X-Identity": "yes" }, format }).resolve();
  const error = await watch.rejection(login({ url, format }).resolve());
  assert.deepEqual([error.code, error.httpStatus], ["unauthenticated", 403]);
});

test("a token that STS refuses is not repeated in the error", async (t) => {
  const { tokenFile, login } = await house(t);
  writeFileSync(tokenFile, `${secretMark}-unknown`);
  const error = await watch.rejection(login({ file: tokenFile }).resolve());
  assert.deepEqual([error.code, error.serviceCode], ["unauthenticated", "invalid_grant"]);
});

test("files that are missing, empty or of another kind", async (t) => {
  const { tokenFile, login } = await house(t);
  const missing = await watch.rejection(login({ file: tokenFile }).resolve());
  assert.match(missing.message, /the token file does not exist/);
  writeFileSync(tokenFile, "\n");
  assert.match((await watch.rejection(login({ file: tokenFile }).resolve())).message, /it is empty/);
  const none = await watch.rejection(login({}).resolve());
  assert.match(none.message, /neither file nor url/);
  const key = await watch.rejection(login({}, { type: "authorized_user" }).resolve());
  assert.match(key.message, /auth workload_identity takes files of type external_account/);
  const clear = await watch.rejection(login({ file: tokenFile }, { token_url: "http://sts.example/" }).resolve());
  assert.match(clear.message, /token_url is no https/);
});

test("an executable that is not allowed gives no token, and no detail of it", async (t) => {
  const { login } = await house(t);
  const error = await watch.rejection(login({ executable: { command: `echo ${secretMark}` } }).resolve());
  assert.equal(error.code, "unauthenticated");
  assert.match(error.message, /google-auth-library gets no token/);
});

test("an executable that the environment allows gives a token, by google-auth-library over our network", async (t) => {
  const { services, tokenFile, login, impersonation } = await house(t);
  services.subjectTokens.add(`${secretMark}-executable`);
  services.impersonations.add(`federated -> ${target}`);
  const answer = {
    version: 1,
    success: true,
    token_type: "urn:ietf:params:oauth:token-type:jwt",
    id_token: `${secretMark}-executable`,
    expiration_time: Math.floor(Date.now() / 1000) + 3600,
  };
  writeFileSync(tokenFile, JSON.stringify(answer));
  const allowed = "GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES";
  process.env[allowed] = "1";
  t.after(() => delete process.env[allowed]);
  const credentials = login({ executable: { command: `cat ${tokenFile}` } }, impersonation);
  const token = await credentials.resolve();
  assert.equal(services.tokens.get(token?.token ?? ""), target);
  assert.equal((await credentials.identify()).name, target);
});
