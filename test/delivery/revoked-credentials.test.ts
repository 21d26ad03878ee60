import assert from "node:assert/strict";
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { deliver } from "../../src/delivery/deliver.ts";
import type { DeliveryRequest } from "../../src/delivery/delivery-types.ts";
import { type Clock, systemClock } from "../../src/telemetry/clock.ts";
import { startFakeAzure } from "../../src/testing/fake-azure/index.ts";
import { startFakeGcs } from "../../src/testing/fake-gcs/index.ts";
import { startFakeHub } from "../../src/testing/fake-hub/index.ts";
import { startFakeOci } from "../../src/testing/fake-oci/index.ts";
import { notAuthenticated } from "../../src/testing/fake-oci/oci-failure.ts";
import { S3Failure, startFakeS3 } from "../../src/testing/fake-s3/index.ts";
import { startListener } from "../../src/testing/loopback/start-listener.ts";
import { jsonAnswer } from "../../src/testing/loopback/web-answer.ts";
import { startAzureMetadata } from "../support/azure/fake-metadata.ts";
import { startMetadataServer } from "../support/gcp/fake-metadata-server.ts";
import { startIdentityService } from "../support/oci/fake-identity-service.ts";
import { startOciMetadata } from "../support/oci/fake-instance-metadata.ts";
import { scratchDirectory } from "../support/scratch-directory.ts";
import { secretMark, watchSecrets } from "../support/secret-watch.ts";

const watch = watchSecrets();
const fileSize = 20_000;
/** One is read in several parts, the others in one each: 203 parts together. */
const large = Buffer.alloc(40 * 1024 * 1024, "large ");
const files = new Map<string, Buffer>([
  ["large.bin", large],
  ...Array.from({ length: 200 }, (_, index): [string, Buffer] => [`part-${index}.txt`, Buffer.alloc(fileSize, index)]),
]);

/** A service and the login that it takes. */
interface House {
  readonly source: DeliveryRequest["source"];
  /** The service takes no login any more that was given out before, although none has ended. */
  revoke(): void;
  /** Logins given out so far. */
  logins(): number;
}

interface HouseContext {
  readonly t: TestContext;
  readonly clock: Clock;
  readonly home: string;
  /** Told about every authorized read of an object, before it is served. */
  onRead(): void;
}

const houses: Readonly<Record<string, (context: HouseContext) => Promise<House>>> = {
  s3: async ({ t, clock, home, onRead }) => {
    const ids: string[] = [];
    const now = () => clock.now();
    const server = await startFakeS3({
      buckets: ["models"],
      clock: now,
      onAnswer: ({ request }) => (request.operation === "GetObject" ? onRead() : undefined),
    });
    const keysOf = (index: number) => ({
      accessKeyId: `ASIA${String(index).padStart(16, "0")}`,
      secretAccessKey: `${secretMark}-key-${index}`,
      sessionToken: `${secretMark}-token-${index}`,
    });
    const agent = await startListener(() => {
      const keys = keysOf(ids.length);
      server.addCredential(keys);
      ids.push(keys.accessKeyId);
      const { accessKeyId, secretAccessKey, sessionToken } = keys;
      const Expiration = new Date(clock.now() + 3_600_000).toISOString();
      return jsonAnswer({
        AccessKeyId: accessKeyId,
        SecretAccessKey: secretAccessKey,
        Token: sessionToken,
        Expiration,
      });
    });
    t.after(() => Promise.all([server.close(), agent.close()]));
    for (const [name, bytes] of files) await server.putObject("models", `m/${name}`, bytes);
    return {
      source: {
        storageUri: "s3://models/m/",
        parameters: { endpoint: server.url },
        env: { HOME: home, AWS_CONTAINER_CREDENTIALS_FULL_URI: `${agent.url}/keys` },
      },
      revoke: () => {
        for (const index of ids.keys()) server.addCredential({ ...keysOf(index), expiresAt: 0 });
      },
      logins: () => ids.length,
    };
  },
  gcs: async ({ t, clock, home, onRead }) => {
    const metadata = await startMetadataServer();
    const tokenOf = (index: number) => ({ token: `ya29.${secretMark}-node-${index}`, email: "node@x" });
    const server = await startFakeGcs({
      buckets: ["models"],
      clock: () => clock.now(),
      tokens: Array.from({ length: 9 }, (_, index) => tokenOf(index + 1)),
      intercept: ({ media }) => {
        if (media) onRead();
        return undefined;
      },
    });
    t.after(() => Promise.all([server.close(), metadata.close()]));
    for (const [name, bytes] of files) await server.putObject("models", `m/${name}`, bytes);
    return {
      source: {
        storageUri: "gs://models/m/",
        parameters: { auth: "application_default" },
        env: { HOME: home, GCE_METADATA_HOST: metadata.host, STORAGE_EMULATOR_HOST: server.url },
      },
      revoke: () => {
        for (let index = 1; index <= metadata.tokens; index += 1) {
          server.addToken({ ...tokenOf(index), expiresAt: 0 });
        }
      },
      logins: () => metadata.tokens,
    };
  },
  azure: async ({ t, clock, home, onRead }) => {
    const metadata = await startAzureMetadata(clock);
    const [seen, revoked] = [new Set<string>(), new Set<string>()];
    const server = await startFakeAzure({
      containers: ["models"],
      clock: () => clock.now(),
      bearer: (token) => {
        seen.add(token);
        return revoked.has(token) ? undefined : "read";
      },
      onRequest: ({ operation }) => (operation === "GetBlob" ? onRead() : undefined),
    });
    t.after(() => Promise.all([server.close(), metadata.close()]));
    for (const [name, bytes] of files) server.putBlob("models", `m/${name}`, bytes);
    return {
      source: {
        storageUri: "azure://testaccount/models/m/",
        parameters: { endpoint: server.url },
        env: { HOME: home, AZURE_POD_IDENTITY_AUTHORITY_HOST: metadata.url },
      },
      revoke: () => {
        for (const token of seen) revoked.add(token);
      },
      logins: () => metadata.requests.length,
    };
  },
  oci: async ({ t, clock, home, onRead }) => {
    const [metadata, service] = [await startOciMetadata(t, clock), await startIdentityService(t, clock)];
    let revoked = 0;
    const server = await startFakeOci({
      buckets: ["models"],
      clock: () => clock.now(),
      tokenIssuer: service.issuer,
      intercept: ({ operation, headers }) => {
        const login = headers.get("authorization") ?? "";
        if (service.tokens.slice(0, revoked).some((token) => login.includes(token))) return notAuthenticated();
        if (operation === "GetObject") onRead();
        return undefined;
      },
    });
    t.after(() => server.close());
    for (const [name, bytes] of files) await server.putObject("models", `m/${name}`, bytes);
    return {
      source: {
        storageUri: "oci://n/testspace/b/models/o/m/",
        parameters: { endpoint: server.url, region: "us-ashburn-1" },
        env: {
          HOME: home,
          OCI_METADATA_BASE_URL: metadata.baseUrl,
          OCI_SDK_AUTH_CLIENT_REGION_URL: service.origin,
        },
      },
      revoke: () => {
        revoked = service.tokens.length;
      },
      logins: () => service.tokens.length,
    };
  },
  huggingface: async ({ t, clock, home, onRead }) => {
    const hub = await startFakeHub({
      clock: () => clock.now(),
      intercept: ({ kind, method }) => {
        if (kind === "resolve" && method === "GET") onRead();
        return undefined;
      },
    });
    t.after(() => hub.close());
    const tokenFile = join(home, "token");
    let issued = 0;
    const issue = (): void => {
      issued += 1;
      const token = `hf_${secretMark}${issued}`;
      hub.addToken({ token, user: "alice", grants: ["org/model"] });
      writeFileSync(`${tokenFile}.new`, token);
      renameSync(`${tokenFile}.new`, tokenFile);
    };
    issue();
    hub.createRepository({ name: "org/model", private: true }).commit(Object.fromEntries(files), "main");
    return {
      source: { storageUri: "hf://org/model", env: { HOME: home, HF_ENDPOINT: hub.url, HF_TOKEN_PATH: tokenFile } },
      revoke: () => {
        const old = `hf_${secretMark}${issued}`;
        issue();
        hub.revokeToken(old);
      },
      logins: () => issued,
    };
  },
};

for (const [provider, open] of Object.entries(houses)) {
  test(`${provider}: credentials that are revoked in the middle of a download are renewed once, and nothing is fetched again`, async (t) => {
    let passed = 0;
    let reads = 0;
    let house: House | undefined;
    let revocations = 0;
    const clock: Clock = { ...systemClock, now: () => systemClock.now() + passed };
    const home = await scratchDirectory(t);
    const onRead = (): void => {
      reads += 1;
      if (reads !== 60) return;
      // Logins are not asked for again within five seconds.
      passed += 10_000;
      revocations += 1;
      house?.revoke();
    };
    house = await open({ t, clock, home, onRead });
    const result = await deliver({
      source: house.source,
      destination: join(home, "model"),
      clock,
      logger: watch.logger,
    });
    assert.ok(result.totals.files >= files.size);
    assert.equal(result.fetchedBytes, result.totals.bytes, "nothing was fetched twice");
    assert.deepEqual([revocations, house.logins()], [1, 2], "one login at the beginning and one after it");
  });

  test(`${provider}: a login that is refused for good ends the download at once`, async (t) => {
    let passed = 0;
    let reads = 0;
    let house: House | undefined;
    const clock: Clock = { ...systemClock, now: () => systemClock.now() + passed };
    const home = await scratchDirectory(t);
    const onRead = (): void => {
      reads += 1;
      if (reads <= 60) return;
      house?.revoke();
      passed += 10_000;
    };
    house = await open({ t, clock, home, onRead });
    const started = performance.now();
    const delivery = deliver({ source: house.source, destination: join(home, "model"), clock, logger: watch.logger });
    const error = await watch.rejection(delivery);
    assert.ok(["unauthenticated", "permission_denied"].includes(error.code), error.message);
    assert.ok(performance.now() - started < 20_000, "it gave up quickly");
  });
}

test("what a login may not read is asked for twice, with one more login in between", async (t) => {
  const now = () => systemClock.now() + passed;
  let passed = 0;
  let logins = 0;
  let reads = 0;
  const server = await startFakeS3({
    buckets: ["models"],
    clock: now,
    intercept: ({ operation }) => {
      if (operation !== "GetObject") return undefined;
      reads += 1;
      passed += 10_000;
      return new S3Failure(403, "AccessDenied", "Access Denied");
    },
  });
  const agent = await startListener(() => {
    logins += 1;
    const keys = { accessKeyId: `ASIA000000000000000${logins}`, secretAccessKey: secretMark, sessionToken: secretMark };
    server.addCredential(keys);
    const Expiration = new Date(now() + 3_600_000).toISOString();
    const { accessKeyId, secretAccessKey, sessionToken } = keys;
    return jsonAnswer({ AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, Token: sessionToken, Expiration });
  });
  t.after(() => Promise.all([server.close(), agent.close()]));
  await server.putObject("models", "config.json", "{}");
  const home = await scratchDirectory(t);
  const source = {
    storageUri: "s3://models/",
    parameters: { endpoint: server.url },
    env: { HOME: home, AWS_CONTAINER_CREDENTIALS_FULL_URI: `${agent.url}/keys` },
  };
  const clock: Clock = { ...systemClock, now };
  const error = await watch.rejection(
    deliver({ source, destination: join(home, "model"), clock, logger: watch.logger }),
  );
  assert.equal(error.code, "permission_denied");
  assert.deepEqual([reads, logins], [2, 2]);
});
