import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { OciCredentials, OciHome } from "../../../../src/auth/oci/credentials.ts";
import { directNetwork } from "../../../../src/network/network-profile.ts";
import { collect } from "../../../../src/storage/collect.ts";
import { createStorageClient } from "../../../../src/storage/create-storage-client.ts";
import { OciSession } from "../../../../src/storage/providers/oci/session.ts";
import { readRange } from "../../../../src/storage/read-range.ts";
import type { HttpReadSource } from "../../../../src/storage/read-source.ts";
import { readSource } from "../../../../src/testing/conformance/index.ts";
import { type FakeOci, issueSessionToken, startFakeOci } from "../../../../src/testing/fake-oci/index.ts";
import type { OciUri } from "../../../../src/uri/object-uri.ts";
import { parseUri } from "../../../../src/uri/parse-uri.ts";
import { manualClock } from "../../../support/manual-clock.ts";
import { createTestUser, knownKey } from "../../../support/oci/api-key.ts";
import { startIdentityService } from "../../../support/oci/fake-identity-service.ts";
import { startOciMetadata } from "../../../support/oci/fake-instance-metadata.ts";
import { startProxymux } from "../../../support/oci/fake-proxymux.ts";
import { openOci, secretOf } from "../../../support/oci/open-oci.ts";
import { scratchDirectory } from "../../../support/scratch-directory.ts";
import { secretMark, watchSecrets } from "../../../support/secret-watch.ts";

const watch = watchSecrets();
const minute = 60_000;
const uri = "oci://n/testspace/b/models/o/llama/";
const file = parseUri(`${uri}config.json`);

async function storageFor(t: TestContext, options: Parameters<typeof startFakeOci>[0]): Promise<FakeOci> {
  const fake = await startFakeOci({ buckets: ["models"], ...options });
  t.after(() => fake.close());
  await fake.putObject("models", "llama/config.json", "{}");
  return fake;
}

/** A node of OCI with its metadata and its region's authentication service. */
async function node(t: TestContext, clock = manualClock(1_790_000_000_000)) {
  const metadata = await startOciMetadata(t, clock);
  const service = await startIdentityService(t, clock);
  const env = { OCI_METADATA_BASE_URL: metadata.baseUrl, OCI_SDK_AUTH_CLIENT_REGION_URL: service.origin };
  return { clock, metadata, service, env };
}

test("a model of OME is read by the node's own principal, with no parameter at all", async (t) => {
  const { clock, service, env } = await node(t);
  const fake = await storageFor(t, { tokenIssuer: service.issuer, clock: () => clock.now() });
  for (const parameters of [{}, { auth: "InstancePrincipal", region: "us-ashburn-1" }]) {
    const client = await openOci({ url: fake.url }, uri, { env, clock, parameters, logger: watch.logger });
    t.after(() => client.close());
    assert.deepEqual(
      (await collect(client.list(parseUri(uri)))).map(({ key }) => key),
      ["llama/config.json"],
    );
    assert.equal(Buffer.from(await readRange(client, file, { clock })).toString(), "{}");
  }
  for (const token of service.tokens) watch.secret(token);
  assert.equal(service.tokens.length, 2, "one login for each client");
  assert.ok(watch.messages.includes("debug storage opened"));
  assert.ok(watch.messages.includes("debug credentials obtained"));
});

test("a located read ends with the token, and the next one has a new token", async (t) => {
  const { clock, service, env } = await node(t);
  const fake = await storageFor(t, { tokenIssuer: service.issuer, clock: () => clock.now() });
  service.lifetimeMs = 3 * minute;
  const client = await openOci(fake, uri, { env, clock, logger: watch.logger });
  t.after(() => client.close());
  const first = (await client.locate(file)) as HttpReadSource;
  assert.equal(first.expiresAt, clock.now() + 3 * minute);
  await clock.advance(2.6 * minute);
  const second = (await client.locate(file)) as HttpReadSource;
  assert.equal(second.expiresAt, clock.now() + 3 * minute);
  await clock.advance(1 * minute);
  assert.equal((await readSource(second, { offset: 0, length: 2 })).length, 2);
  for (const token of service.tokens) watch.secret(token);
  assert.equal(service.tokens.length, 2);
});

test("a token that the service does not take any more is fetched again, once", async (t) => {
  const { clock, service, env } = await node(t);
  let offset = 0;
  const fake = await storageFor(t, { tokenIssuer: service.issuer, clock: () => clock.now() + offset });
  service.lifetimeMs = 4 * minute;
  const client = await openOci(fake, uri, { env, clock, logger: watch.logger });
  t.after(() => client.close());
  await client.stat(file);
  // To the storage the token has ended a little earlier than to its owner.
  await clock.advance(1 * minute);
  offset = 3.5 * minute;
  assert.equal((await client.stat(file)).size, 2);
  for (const token of service.tokens) watch.secret(token);
  assert.equal(service.tokens.length, 2);
  service.lifetimeMs = 60 * minute;
  offset = 120 * minute;
  const error = await watch.rejection(client.stat(file));
  assert.equal(error.code, "unauthenticated");
});

test("a pod of OKE, a resource and a session log in as OME's users write it", async (t) => {
  const clock = manualClock(Date.now());
  const proxymux = await startProxymux(t, clock);
  proxymux.accepted.add(`${secretMark}-pod`);
  proxymux.rotate(`${secretMark}-pod`);
  const pods = await storageFor(t, { tokenIssuer: proxymux.issuer, clock: () => clock.now() });
  const pod = await openOci({ url: pods.url }, uri, {
    parameters: { auth: "OkeWorkloadIdentity" },
    env: { ...proxymux.env, OCI_RESOURCE_PRINCIPAL_REGION: "us-ashburn-1" },
    clock,
    logger: watch.logger,
  });
  t.after(() => pod.close());
  assert.equal((await pod.stat(file)).size, 2);
  for (const token of proxymux.tokens) watch.secret(token);

  const user = createTestUser();
  const issuer = createTestUser("issuer");
  const token = watch.secret(
    issueSessionToken({
      issuerKey: issuer.privateKey,
      publicKey: user.publicKey,
      subject: user.user,
      now: clock.now(),
      lifetimeMs: 60 * minute,
    }),
  );
  const store = await storageFor(t, {
    tokenIssuer: issuer.publicKey,
    keys: [knownKey(user)],
    clock: () => clock.now(),
  });
  const resource = await openOci(store, uri, {
    parameters: { auth: "ResourcePrincipal" },
    env: {
      OCI_RESOURCE_PRINCIPAL_VERSION: "2.2",
      OCI_RESOURCE_PRINCIPAL_RPST: token,
      OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM: user.pem,
      OCI_RESOURCE_PRINCIPAL_REGION: "us-ashburn-1",
    },
    clock,
    logger: watch.logger,
  });
  t.after(() => resource.close());
  assert.equal((await resource.stat(file)).size, 2);

  const directory = await scratchDirectory(t);
  const [config, key, session] = ["config", "key.pem", "token"].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(key, user.pem);
  writeFileSync(session, token);
  const profiles = `[DEFAULT]\ntenancy=${user.tenancy}\nregion=us-ashburn-1\nkey_file=${key}\n[OPS]\nuser=${user.user}\n[SESSION]\nsecurity_token_file=${session}\n`;
  writeFileSync(config, profiles);
  for (const env of [
    { OCI_CONFIG_PATH: config, PROFILE: "OPS" },
    { OCI_CONFIG_PATH: config, PROFILE: "SESSION", USE_SESSION_TOKEN: "true" },
  ]) {
    const client = await openOci({ url: store.url }, uri, {
      parameters: { auth: "UserPrincipal" },
      env,
      clock,
      logger: watch.logger,
    });
    t.after(() => client.close());
    assert.equal((await client.stat(file)).size, 2, env.PROFILE);
  }
});

function sessionWith(
  settings: { region?: string; endpoint?: string },
  home: OciHome | undefined,
  env: Record<string, string> = {},
): OciSession {
  const credentials = {
    provider: "oci",
    authType: "user_principal",
    home: async () => home,
  } as unknown as OciCredentials;
  return new OciSession({
    settings: {
      endpoint: undefined,
      region: undefined,
      namespace: undefined,
      preauthenticated: undefined,
      ...settings,
    },
    credentials,
    env: { HOME: "/nonexistent", ...env },
    network: directNetwork,
    clock: manualClock(),
    random: () => 0,
    logger: watch.logger,
  });
}

test("the region of the URI is used, then the settings', then the principal's; the realm decides the host", async () => {
  const home = { region: "us-ashburn-1", domain: "oraclecloud.com" };
  for (const [text, settings, from, expected] of [
    [
      "oci://ns@eu-frankfurt-1/bkt",
      { region: "uk-london-1" },
      home,
      "https://objectstorage.eu-frankfurt-1.oraclecloud.com",
    ],
    ["oci://ns@fra/bkt", {}, home, "https://objectstorage.eu-frankfurt-1.oraclecloud.com"],
    ["oci://n/ns/b/bkt/o/", { region: "uk-london-1" }, home, "https://objectstorage.uk-london-1.oraclecloud.com"],
    ["oci://bkt", {}, home, "https://objectstorage.us-ashburn-1.oraclecloud.com"],
    ["oci://bkt", {}, { region: "us-gov-phoenix-1" }, "https://objectstorage.us-gov-phoenix-1.oraclegovcloud.com"],
    ["oci://bkt", { region: "eu-frankfurt-2" }, undefined, "https://objectstorage.eu-frankfurt-2.oraclecloud.eu"],
    [
      "oci://ns@us-secret-9/bkt",
      {},
      { region: "us-secret-1", domain: "realm.example" },
      "https://objectstorage.us-secret-9.realm.example",
    ],
    ["oci://ns@eu-frankfurt-1/bkt", { endpoint: "https://private.example:8443" }, home, "https://private.example:8443"],
  ] as const) {
    const session = sessionWith(settings, from);
    const { endpoint } = await session.address({ action: "list", uri: parseUri(text) as OciUri });
    assert.equal(endpoint, expected, text);
    await session.close();
  }
  const session = sessionWith({}, undefined, { OCI_DEFAULT_REALM: "oraclecloud77.com" });
  const unknown = await session.address({ action: "list", uri: parseUri("oci://ns@zz-new-1/bkt") as OciUri });
  assert.equal(unknown.endpoint, "https://objectstorage.zz-new-1.oraclecloud77.com");
  const none = await watch.rejection(session.address({ action: "list", uri: parseUri("oci://bkt/x") as OciUri }));
  assert.equal(none.code, "config_invalid");
  assert.match(none.message, /region is not known.*oci:\/\/\{namespace\}@\{region\}/);
  await session.close();
});

test("a pre-authenticated request reads without a login, and is never shown", async (t) => {
  const fake = await storageFor(t, {});
  await fake.putObject("models", "other/x", "x");
  const grant = watch.secret(fake.createPreauthenticatedRequest({ bucket: "models", prefix: "llama/", lists: true }));
  const open = async (preauthenticatedRequest: string, where = "oci://models/llama/") => {
    const client = await openOci({ url: fake.url }, where, {
      secret: { preauthenticatedRequest },
      logger: watch.logger,
    });
    t.after(() => client.close());
    return client;
  };
  const client = await open(grant);
  const [info] = await collect(client.list(parseUri("oci://models/llama/")));
  assert.equal(info?.key, "llama/config.json");
  const at = parseUri("oci://models/llama/config.json");
  assert.equal(Buffer.from(await readRange(client, at)).toString(), "{}");
  const source = (await client.locate(at)) as HttpReadSource;
  assert.deepEqual([source.secretUrl, source.headers, source.expiresAt], [true, {}, Number.POSITIVE_INFINITY]);
  const outside = await watch.rejection(client.stat(parseUri("oci://models/other/x")));
  assert.match(outside.message, /pre-authenticated request does not allow this/);
  const write = await watch.rejection(client.put(at, Buffer.from("x")));
  assert.equal(write.code, "permission_denied");

  const one = await open(
    watch.secret(fake.createPreauthenticatedRequest({ bucket: "models", object: "llama/config.json" })),
  );
  assert.deepEqual(
    (await collect(one.list(parseUri("oci://models/llama/")))).map(({ key }) => key),
    ["llama/config.json"],
  );
  assert.deepEqual(await collect(one.list(parseUri("oci://models/other/"))), []);

  const expired = await open(watch.secret(fake.createPreauthenticatedRequest({ bucket: "models", expiresAt: 1 })));
  const error = await watch.rejection(expired.stat(at));
  assert.deepEqual([error.code, error.httpStatus], ["unauthenticated", 401]);
  assert.match(error.message, /does not exist, or has expired/);

  const printed = grant.slice(fake.url.length);
  const relative = await open(watch.secret(printed));
  assert.equal((await relative.stat(at)).size, 2);
});

test("the key in a Secret beats the environment's profile", async (t) => {
  const user = createTestUser();
  const fake = await storageFor(t, { keys: [knownKey(user)] });
  const client = await openOci(fake, uri, {
    secret: secretOf(user),
    env: { OCI_CONFIG_PATH: "/nonexistent", PROFILE: "X" },
    logger: watch.logger,
  });
  t.after(() => client.close());
  assert.equal((await client.stat(file)).size, 2);
});

test("the web address of one object is read as it is, with its digest, and its secret is treated as one", async (t) => {
  const fake = await storageFor(t, {});
  await fake.putObject("models", "llama/model.bin", Buffer.alloc(3000, 7));
  const address = watch.secret(fake.createPreauthenticatedRequest({ bucket: "models", object: "llama/model.bin" }));
  watch.secret(/\/p\/([^/]+)\//.exec(address)?.[1] ?? address);
  const { client, objectUri } = await createStorageClient({ storageUri: address, env: {}, logger: watch.logger });
  t.after(() => client.close());
  const info = await client.stat(objectUri);
  assert.deepEqual([info.size, info.digests.map(({ algorithm }) => algorithm)], [3000, ["md5"]]);
  const source = (await client.locate(objectUri, { pin: info })) as HttpReadSource;
  assert.equal(source.secretUrl, true);
  assert.equal((await readSource(source, { offset: 10, length: 100, size: 3000 })).length, 100);
  await fake.putObject("models", "llama/model.bin", Buffer.alloc(3000, 8));
  const error = await watch.rejection(readSource(source, { offset: 10, length: 100, size: 3000 }));
  assert.equal(error.code, "precondition_failed");
  fake.deleteObject("models", "llama/model.bin");
  assert.equal((await watch.rejection(client.stat(objectUri))).code, "not_found");
});
