import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { createStorageClient, type StorageClientOptions } from "../../src/storage/create-storage-client.ts";
import { systemClock } from "../../src/telemetry/clock.ts";
import { createLogger } from "../../src/telemetry/create-logger.ts";
import type { Logger } from "../../src/telemetry/logger.ts";
import { startFakeHub } from "../../src/testing/fake-hub/index.ts";
import { startSts } from "../support/aws/fake-sts.ts";
import { startAzureMetadata } from "../support/azure/fake-metadata.ts";
import { startMetadataServer } from "../support/gcp/fake-metadata-server.ts";
import { createTestUser } from "../support/oci/api-key.ts";
import { secretOf } from "../support/oci/open-oci.ts";
import { type LogLine, recordingLogger } from "../support/recording-logger.ts";
import { startHttp } from "../support/web-server.ts";

/** One way to open a storage, and who is then logged in. */
interface Opening {
  readonly options: StorageClientOptions;
  readonly uri: string;
  readonly auth: string;
  readonly identity: string;
  /** Requests to services that log in or tell who is. */
  requests(): number;
}

const arn = "arn:aws:iam::123456789012:user/reader";
const user = createTestUser();

const openings: Readonly<Record<string, (t: TestContext) => Promise<Opening>>> = {
  s3: async (t) => {
    const keys = { accessKeyId: "AKIAREADERREADERREAD", secretAccessKey: "TOPSECRET/reader", arn };
    const sts = await startSts(t, { clock: systemClock, principals: [keys] });
    return {
      options: {
        storageUri: "s3://models/llama/",
        parameters: { region: "eu-west-1" },
        secret: { accessKeyId: keys.accessKeyId, secretAccessKey: keys.secretAccessKey },
        env: { AWS_ENDPOINT_URL_STS: sts.endpoint },
      },
      uri: "s3://models/llama/",
      auth: "access_key",
      identity: arn,
      requests: () => sts.calls.length,
    };
  },
  "a compatible of s3": async () => ({
    options: {
      storageUri: "s3://models/llama/",
      parameters: { endpoint: "http://127.0.0.1:1" },
      secret: { accessKeyId: "AKIAREADERREADERREAD", secretAccessKey: "TOPSECRET/reader" },
      env: {},
    },
    uri: "s3://models/llama/",
    auth: "access_key",
    identity: "AKIA…READ",
    requests: () => 0,
  }),
  gcs: async (t) => {
    const metadata = await startMetadataServer();
    t.after(() => metadata.close());
    return {
      options: { storageUri: "gs://models/llama/", env: { HOME: "/nonexistent", GCE_METADATA_HOST: metadata.host } },
      uri: "gs://models/llama/",
      auth: "application_default",
      identity: "node@my-project.iam.gserviceaccount.com",
      requests: () => metadata.requests.length,
    };
  },
  azure: async (t) => {
    const metadata = await startAzureMetadata(systemClock);
    t.after(() => metadata.close());
    return {
      options: {
        storageUri: "azure://testaccount/models/llama/",
        env: { HOME: "/nonexistent", AZURE_POD_IDENTITY_AUTHORITY_HOST: metadata.url },
      },
      uri: "azure://testaccount/models/llama/",
      auth: "managed_identity",
      identity: "00000000-0000-4000-8000-000000000001",
      requests: () => metadata.requests.length,
    };
  },
  oci: async () => ({
    options: {
      storageUri: "oci://n/testspace/b/models/o/llama/",
      parameters: { region: "us-ashburn-1" },
      secret: secretOf(user),
      env: { HOME: "/nonexistent" },
    },
    uri: "oci://n/testspace/b/models/o/llama/",
    auth: "user_principal",
    identity: user.user,
    requests: () => 0,
  }),
  huggingface: async (t) => {
    const hub = await startFakeHub({ tokens: [{ token: "hf_TOPSECRET", user: "alice" }] });
    t.after(() => hub.close());
    return {
      options: {
        storageUri: "hf://org/model",
        secret: { token: "hf_TOPSECRET" },
        env: { HOME: "/nonexistent", HF_ENDPOINT: hub.url },
      },
      uri: "hf://org/model",
      auth: "token",
      identity: "alice",
      requests: () => hub.requests.length,
    };
  },
  github: async (t) => {
    let asked = 0;
    const api = await startHttp(t, (_incoming, outgoing) => {
      asked += 1;
      outgoing.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ login: "octocat" }));
    });
    return {
      options: {
        storageUri: "github://org/repo@v1",
        secret: { token: "ghp_TOPSECRET" },
        env: { HOME: "/nonexistent", GITHUB_API_URL: api.origin },
      },
      uri: "github://org/repo@v1",
      auth: "token",
      identity: "octocat",
      requests: () => asked,
    };
  },
  "nobody at all": async () => ({
    options: { storageUri: "gs://models/llama/", parameters: { auth: "anonymous" }, env: {} },
    uri: "gs://models/llama/",
    auth: "anonymous",
    identity: "anonymous",
    requests: () => 0,
  }),
};

async function until(condition: () => boolean): Promise<void> {
  for (let waited = 0; waited < 20_000 && !condition(); waited += 20) await wait(20);
  assert.ok(condition());
}

for (const [name, open] of Object.entries(openings)) {
  test(`${name}: at debug level a client says its provider, URI, auth type and identity, and asks for none of it otherwise`, async (t) => {
    const { options, uri, auth, identity, requests } = await open(t);
    const quiet: LogLine[] = [];
    const first = await createStorageClient({ ...options, logger: { ...recordingLogger(quiet), debugEnabled: false } });
    await wait(50);
    assert.equal(requests(), 0, "opening asks nobody");
    assert.ok(!quiet.some(({ message }) => message.startsWith("identity")));
    await first.client.close();

    const written: string[] = [];
    const logger = createLogger({ level: "debug", format: "json", write: (line) => written.push(line) });
    const { client, provider } = await createStorageClient({ ...options, logger });
    const lines = () => written.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
    await until(() => lines().some(({ msg }) => String(msg).startsWith("identity of")));
    const opened = lines().find(({ msg }) => msg === "storage opened");
    assert.deepEqual([opened?.["provider"], opened?.["uri"], opened?.["auth"]], [provider, uri, auth]);
    const known = lines().find(({ msg }) => msg === "identity of the storage client");
    assert.deepEqual([known?.["uri"], known?.["authType"], known?.["identity"]], [uri, auth, identity]);
    assert.ok(!written.join("").includes("TOPSECRET"));
    await client.close();
  });
}

test("an identity that cannot be told keeps nobody from opening the storage", async (t) => {
  const metadata = await startMetadataServer();
  metadata.email = undefined;
  t.after(() => metadata.close());
  const lines: LogLine[] = [];
  const logger: Logger = { ...recordingLogger(lines), debugEnabled: true };
  const child = (): Logger => ({ ...logger, child });
  const env = { HOME: "/nonexistent", GCE_METADATA_HOST: metadata.host };
  const { client } = await createStorageClient({ storageUri: "gs://models/", env, logger: { ...logger, child } });
  await until(() => lines.some(({ message }) => message === "identity of the storage client cannot be told"));
  const line = lines.find(({ message }) => message === "identity of the storage client cannot be told");
  assert.equal(line?.fields["code"], "unauthenticated");
  await client.close();
});
