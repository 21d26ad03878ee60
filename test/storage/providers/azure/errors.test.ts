import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { collect } from "../../../../src/storage/collect.ts";
import { readRange } from "../../../../src/storage/read-range.ts";
import type { WritableStorage } from "../../../../src/storage/storage.ts";
import { systemClock } from "../../../../src/telemetry/clock.ts";
import { type FakeAzureOptions, startFakeAzure } from "../../../../src/testing/fake-azure/index.ts";
import { parseUri } from "../../../../src/uri/parse-uri.ts";
import { startAzureMetadata } from "../../../support/azure/fake-metadata.ts";
import { type OpenAzureOptions, openAzure } from "../../../support/azure/open-azure.ts";
import { containerSas } from "../../../support/azure/sas.ts";
import { quickClock } from "../../../support/quick-clock.ts";
import { watchSecrets } from "../../../support/secret-watch.ts";
import { startHttp } from "../../../support/web-server.ts";

const watch = watchSecrets();
const place = parseUri("azure://testaccount/models/");
const file = parseUri("azure://testaccount/models/file");

async function storage(t: TestContext, server: FakeAzureOptions = {}, client: OpenAzureOptions = {}) {
  const fake = await startFakeAzure({ containers: ["models"], ...server });
  t.after(() => fake.close());
  fake.putBlob("models", "file", "content");
  const open = async (options: OpenAzureOptions = client): Promise<WritableStorage> => {
    const opened = await openAzure(fake, place, {
      secret: { accountKey: fake.accountKey },
      logger: watch.logger,
      ...options,
    });
    t.after(() => opened.close());
    return opened;
  };
  return { fake, open };
}

test("a key of another account, and one that is not there, are told as such", async (t) => {
  const { fake, open } = await storage(t);
  const accountKey = Buffer.from("TOPSECRET another key").toString("base64");
  watch.secret(accountKey);
  const client = await open({ secret: { accountKey } });
  for (const work of [() => collect(client.list(place)), () => client.stat(file)]) {
    const error = await watch.rejection(work);
    assert.deepEqual([error.code, error.serviceCode], ["unauthenticated", "AuthenticationFailed"]);
  }
  const error = await watch.rejection(() => collect(client.list(place)));
  assert.match(error.message, /account key is not one of account testaccount.*rotated/);
  const none = openAzure(fake, place, { parameters: { auth: "account_key" } });
  assert.match((await watch.rejection(none)).message, /needs accountKey/);
});

test("accounts that take no keys say what to use instead", async (t) => {
  const { open } = await storage(t, { refuseSharedKey: true });
  const client = await open();
  const error = await watch.rejection(() => client.stat(file));
  assert.match(error.message, /takes no account keys.*managed_identity/);
});

test("signatures that have ended, or allow too little, are told as such", async (t) => {
  const { fake, open } = await storage(t);
  const late = await open({ secret: { sasToken: containerSas(fake, "models", { expiresOn: Date.now() - 60_000 }) } });
  assert.match((await watch.rejection(() => collect(late.list(place)))).message, /has expired/);
  const narrow = await open({ secret: { sasToken: containerSas(fake, "models", { permissions: "r" }) } });
  const error = await watch.rejection(() => collect(narrow.list(place)));
  assert.equal(error.code, "permission_denied");
  assert.match(error.message, /does not allow this \(list\).*"l"/);
  assert.equal((await readRange(narrow, file)).toString(), "content");
  const foreign = await open({
    secret: { sasToken: containerSas({ ...fake, accountKey: Buffer.from("other").toString("base64") }, "models") },
  });
  assert.match((await watch.rejection(() => foreign.stat(file))).message, /not accepted|does not allow/);
});

test("an identity without a role is told which one, and a refused token is fetched anew once", async (t) => {
  const metadata = await startAzureMetadata(systemClock);
  t.after(() => metadata.close());
  let access: "none" | "read" | undefined = "none";
  const options = { secret: {}, env: { AZURE_POD_IDENTITY_AUTHORITY_HOST: metadata.url } };
  const { open } = await storage(t, { bearer: () => access }, options);
  const client = await open();
  const reading = await watch.rejection(() => client.stat(file));
  assert.match(reading.message, /may not do this.*Storage Blob Data Reader.*ten minutes/);
  access = "read";
  assert.equal((await client.stat(file)).size, 7);
  const writing = await watch.rejection(() => client.put(file, Buffer.from("x")));
  assert.match(writing.message, /Storage Blob Data Contributor/);
  access = undefined;
  const refused = await watch.rejection(() => client.stat(file));
  assert.deepEqual([refused.code, refused.httpStatus], ["unauthenticated", 401]);
});

test("a wrong clock is recognised, with the difference", async (t) => {
  const { open } = await storage(t, { clock: () => Date.now() + 47 * 60_000 });
  const client = await open();
  const error = await watch.rejection(() => client.stat(file));
  assert.match(error.message, /clock is 47 minutes behind Azure's.*NTP/);
});

test("public containers are read anonymously, others say that they are not public", async (t) => {
  const { fake, open } = await storage(t, { publicContainers: ["public"] });
  fake.putBlob("public", "file", "for all");
  const client = await open({ parameters: { auth: "anonymous" }, secret: {} });
  assert.equal((await readRange(client, parseUri("azure://testaccount/public/file"))).toString(), "for all");
  assert.match((await watch.rejection(() => client.stat(file))).message, /not public/);
  const closed = await storage(t, {}, { parameters: { auth: "anonymous" }, secret: {} });
  const refused = await watch.rejection(async () => (await closed.open()).stat(file));
  assert.equal(refused.serviceCode, "PublicAccessNotPermitted");
});

test("refusals are explained; what passes is tried again, what does not is not", async (t) => {
  const refusals: { status: number; code: string }[] = [];
  const { fake, open } = await storage(t, { intercept: () => refusals.shift() });
  const client = await open({ clock: quickClock(), secret: { accountKey: fake.accountKey } });
  refusals.push({ status: 503, code: "ServerBusy" }, { status: 500, code: "InternalError" });
  assert.equal((await client.stat(file)).size, 7);
  for (const [status, code, expected, words] of [
    [403, "AuthorizationFailure", "permission_denied", /firewall.*private endpoint/],
    [403, "AccountIsDisabled", "permission_denied", /disabled/],
    [409, "BlobArchived", "unsupported", /archive tier.*Rehydrate/],
    [412, "LeaseIdMissing", "permission_denied", /lease/],
    [400, "SomethingNew", "config_invalid", /SomethingNew/],
  ] as const) {
    const before = fake.requests.length;
    refusals.push({ status, code });
    const error = await watch.rejection(() => client.stat(file));
    assert.deepEqual([error.code, error.serviceCode], [expected, code]);
    assert.match(error.message, words);
    assert.equal(fake.requests.length, before + 1, "asked once");
  }
  refusals.push(...Array.from({ length: 4 }, () => ({ status: 503, code: "ServerBusy" })));
  const busy = await watch.rejection(() => client.stat(file));
  assert.deepEqual([busy.code, busy.retry, busy.attempts], ["rate_limited", "exhausted", 4]);
});

test("an archived object is listed and described, and reading it says why it cannot be", async (t) => {
  const { fake, open } = await storage(t);
  fake.putBlob("models", "cold", "content", { archived: true });
  const client = await open();
  assert.equal((await client.stat({ ...place, key: "cold" })).size, 7);
  const error = await watch.rejection(() => readRange(client, { ...place, key: "cold" }));
  assert.equal(error.httpStatus, 409);
});

test("answers of something else are not taken for the service's", async (t) => {
  const page = await startHttp(t, (_incoming, outgoing) => outgoing.writeHead(403).end("<html>Blocked</html>"));
  const client = await openAzure({ url: page.origin }, place, { secret: { accountKey: "c2VjcmV0" } });
  t.after(() => client.close());
  assert.match((await watch.rejection(() => client.stat(file))).message, /is not one of Blob Storage \(403\).*proxies/);
});

test("an account whose name does not exist is named", async () => {
  const client = await openAzure({ url: "https://nosuchaccount.blob.example.invalid" }, "az://models/", {
    secret: { accountKey: "c2VjcmV0" },
    clock: quickClock(),
  });
  const error = await watch.rejection(() => client.stat(parseUri("az://models/file")));
  await client.close();
  assert.match(error.message, /no storage account nosuchaccount|cannot be resolved/);
});

test("names that no request can express are refused", async (t) => {
  const { open } = await storage(t);
  const client = await open();
  for (const key of ["a/../b", "./a"]) {
    const error = await watch.rejection(() => client.locate({ ...place, key }));
    assert.equal(error.code, "config_invalid");
  }
});
