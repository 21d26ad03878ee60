import assert from "node:assert/strict";
import { after, beforeEach, test } from "node:test";
import type { ErrorCode } from "../../../../src/errors.ts";
import { collect } from "../../../../src/storage/collect.ts";
import type { WritableStorage } from "../../../../src/storage/storage.ts";
import { type Clock, systemClock } from "../../../../src/telemetry/clock.ts";
import { type FakeGcsRequest, startFakeGcs, type WebAnswer } from "../../../../src/testing/fake-gcs/index.ts";
import { parseUri } from "../../../../src/uri/parse-uri.ts";
import { startTokenServices } from "../../../support/gcp/fake-token-services.ts";
import { createServiceAccount } from "../../../support/gcp/service-account.ts";
import { openGcs } from "../../../support/open-gcs.ts";
import { watchSecrets } from "../../../support/secret-watch.ts";

const watch = watchSecrets();
const account = createServiceAccount();
let intercept: ((request: FakeGcsRequest) => WebAnswer | "disconnect" | undefined) | undefined;
const server = await startFakeGcs({
  buckets: ["models", { name: "paid", requesterPays: true }, { name: "public", publicRead: true }],
  intercept: (request) => intercept?.(request),
});
const services = await startTokenServices({ now: Date.now });
after(() => Promise.all([server.close(), services.close()]));
services.accounts.push(account);
let permissions: readonly string[] | undefined;
services.onToken = (token, email) => server.addToken({ token, email, permissions, projects: ["payer"] });
await server.putObject("models", "file", "content");
await server.putObject("public", "file", "content");
await server.putObject("paid", "file", "content");
beforeEach(() => {
  intercept = undefined;
  permissions = undefined;
});

/** Does not wait between attempts; time limits stay what they are. */
const hasty: Clock = {
  ...systemClock,
  sleep: (ms, signal) => (ms < 20_000 ? Promise.resolve() : systemClock.sleep(ms, signal)),
};

async function failure(
  work: (client: WritableStorage) => Promise<unknown>,
  options: Parameters<typeof openGcs>[1] = {},
  uri = "gs://models/file",
) {
  const client = await openGcs(uri, {
    parameters: { endpoint: server.url },
    secret: { keyJson: account.keyFile(services.tokenUri) },
    logger: watch.logger,
    clock: hasty,
    ...options,
  });
  try {
    return await watch.rejection(work(client));
  } finally {
    await client.close();
  }
}

const file = parseUri("gs://models/file");
const anonymous = { parameters: { endpoint: server.url, auth: "anonymous" }, secret: {} };

test("a bucket and an object that do not exist are told apart", async () => {
  const bucket = await failure((client) => collect(client.list(parseUri("gs://nowhere/"))), {}, "gs://nowhere/");
  assert.deepEqual([bucket.code, bucket.serviceCode, bucket.httpStatus], ["not_found", "notFound", 404]);
  assert.match(bucket.message, /there is no bucket nowhere/);
  const object = await failure((client) => client.stat(parseUri("gs://models/File")));
  assert.match(object.message, /there is no such object.*case matters/);
});

test("a missing permission is named with who lacks it and the role that has it", async () => {
  permissions = ["storage.objects.get"];
  const error = await failure((client) => collect(client.list(parseUri("gs://models/"))));
  assert.equal(error.code, "permission_denied");
  assert.match(error.message, new RegExp(`${account.email} has no storage\\.objects\\.list on bucket models`));
  assert.match(error.hint, /roles\/storage\.objectViewer/);
});

test("an anonymous caller is asked to log in", async () => {
  const error = await failure((client) => client.stat(file), anonymous);
  assert.deepEqual([error.code, error.httpStatus], ["unauthenticated", 401]);
  assert.match(error.message, /anonymous callers have no storage\.objects\.get/);
});

test("a bucket that charges its readers wants a project, one that the login may charge", async () => {
  const paid = parseUri("gs://paid/file");
  const none = await failure((client) => client.stat(paid));
  assert.equal(none.code, "config_invalid");
  assert.match(none.hint, /gcp:\/\/\{project\}\/paid/);
  const parameters = { endpoint: server.url, project: "not-mine" };
  const other = await failure((client) => client.stat(paid), { parameters });
  assert.equal(other.code, "permission_denied");
  assert.match(other.hint, /serviceUsageConsumer/);
});

test("a token that is refused is renewed once; one that stays refused is an error", async () => {
  const client = await openGcs(file, {
    parameters: { endpoint: server.url },
    secret: { keyJson: account.keyFile(services.tokenUri) },
    clock: { ...hasty, now: () => Date.now() + passed },
  });
  let passed = 0;
  try {
    await client.stat(file);
    for (const token of services.tokens.keys()) server.revokeToken(token);
    passed = 10_000;
    assert.equal((await client.stat(file)).size, 7);
  } finally {
    await client.close();
  }
  intercept = () => ({
    status: 401,
    body: JSON.stringify({ error: { code: 401, message: "Invalid Credentials", errors: [{ reason: "authError" }] } }),
  });
  const error = await failure((storage) => storage.stat(file));
  assert.deepEqual([error.code, error.serviceCode, error.retry], ["unauthenticated", "authError", "permanent"]);
});

test("what heals is tried again; what the service says decides", async () => {
  const answers: readonly (readonly [number, string, string, ErrorCode, RegExp])[] = [
    [403, "rateLimitExceeded", "slow down", "rate_limited", /the service asks for fewer requests/],
    [429, "rateLimitExceeded", "slow down", "rate_limited", /the service asks for fewer requests/],
    [503, "backendError", "Backend Error", "unavailable", /problem \(503\)/],
    [403, "insufficientPermissions", "Insufficient Permission", "permission_denied", /scopes/],
    [403, "accessNotConfigured", "API has not been used in project 1", "permission_denied", /disabled/],
    [400, "resourceIsEncryptedWithCustomerEncryptionKey", "", "unsupported", /CSEK/],
    [400, "invalid", "Invalid bucket name: 'x'", "config_invalid", /no name of a bucket/],
  ];
  for (const [status, reason, message, code, detail] of answers) {
    let asked = 0;
    intercept = () => {
      asked += 1;
      return { status, body: JSON.stringify({ error: { code: status, message, errors: [{ reason }] } }) };
    };
    const error = await failure((client) => client.stat(file));
    assert.deepEqual([error.code, error.serviceCode], [code, reason]);
    assert.match(error.message, detail);
    assert.equal(asked, ["rate_limited", "unavailable"].includes(code) ? 4 : 1, reason);
  }
});

test("a server of another kind", async () => {
  intercept = () => ({ status: 404, headers: { "content-type": "text/html" }, body: "<html>nothing here</html>" });
  const page = await failure((client) => client.stat(file));
  assert.deepEqual([page.code, page.retry], ["protocol", "permanent"]);
  intercept = () => ({ status: 200, body: "hello" });
  assert.equal((await failure((client) => client.stat(file))).code, "protocol");
  intercept = () => "disconnect";
  const cut = await failure((client) => client.stat(file));
  assert.deepEqual([cut.code, cut.retry], ["connection", "exhausted"]);
});

test("the login of this machine is not sent to an address that only the manifest names", async () => {
  const open = (parameters: Record<string, unknown>, env: Record<string, string> = {}) =>
    openGcs("gs://public/file", { parameters, env, logger: watch.logger });
  const error = await watch.rejection(open({ endpoint: server.url }));
  assert.equal(error.code, "config_invalid");
  assert.match(error.message, /login of this machine is not sent to 127\.0\.0\.1/);
  const keyed = await watch.rejection(open({ endpoint: server.url, keyFile: "/k.json" }));
  assert.equal(keyed.code, "config_invalid");
  const emulator = await open({}, { STORAGE_EMULATOR_HOST: new URL(server.url).host });
  assert.equal((await emulator.stat(parseUri("gs://public/file"))).size, 7);
  await emulator.close();
});
