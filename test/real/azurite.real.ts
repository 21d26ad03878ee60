import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { ContainerClient, StorageSharedKeyCredential } from "@azure/storage-blob";
import { deliver } from "../../src/delivery/deliver.ts";
import { collect } from "../../src/storage/collect.ts";
import { azureDigestAlgorithms } from "../../src/storage/providers/azure/digests.ts";
import { readRange } from "../../src/storage/read-range.ts";
import { readProof } from "../../src/store/proof.ts";
import { expectError, runStorageConformance } from "../../src/testing/conformance/index.ts";
import { parseUri } from "../../src/uri/parse-uri.ts";
import { cliToken, createFakeCli } from "../support/azure/fake-cli.ts";
import { openAzure } from "../support/azure/open-azure.ts";
import { containerSas } from "../support/azure/sas.ts";
import { issueToken } from "../support/azure/tokens.ts";
import { runTool, skipWithout } from "../support/run-tool.ts";
import { testCa } from "../support/web-server.ts";
import { type Azurite, startAzurite } from "./servers/azurite.ts";
import { Unavailable } from "./servers/real-server.ts";

const installLimitMs = 5 * 60_000;
const container = "model-agent-test";

/** Findings about Azurite, not about us. */
const departures: Readonly<Record<string, string>> = {};

const running = await startAzurite(installLimitMs).catch((error: unknown) => {
  if (error instanceof Unavailable) return error.message;
  throw error;
});
if (typeof running === "string") test("Azurite", { skip: running }, () => {});
else await register(running);

async function register(azurite: Azurite): Promise<void> {
  console.log(`real server: ${azurite.description}`);
  const scratch = await mkdtemp(join(tmpdir(), "real-azure-"));
  after(async () => {
    await azurite.stop();
    await rm(scratch, { recursive: true, force: true });
  });
  const { account, accountKey } = azurite;
  const sdk = (url: string) =>
    new ContainerClient(`${url}/${account}/${container}`, new StorageSharedKeyCredential(account, accountKey));
  await sdk(azurite.url).create();
  const openPlain = (uri: string) => openAzure(azurite, uri, { secret: { accountKey } });

  // The SDK trusts Node's roots only: the container of the other process is made by ourselves.
  await createContainer(azurite);
  const cli = await createFakeCli(scratch);
  const expires = Date.now() + 3_600_000;
  const seconds = Math.floor(expires / 1000);
  const token = issueToken({
    aud: "https://storage.azure.com",
    exp: seconds,
    nbf: seconds - 7200,
    appid: randomUUID(),
  });
  await cli.answer({ stdout: cliToken(token, expires) });
  const secure = { endpoint: azurite.secureUrl, caBundle: testCa };
  const configurations = [
    { name: "account key", secret: { accountKey }, parameters: {}, objectCount: 1010 },
    {
      name: "SAS over https",
      secret: { sasToken: containerSas(azurite, container) },
      parameters: secure,
      objectCount: 25,
    },
    { name: "token over https", secret: {}, parameters: { ...secure, auth: "cli" }, objectCount: 25 },
  ];
  for (const { name, secret, parameters, objectCount } of configurations) {
    const title = `Azurite, ${name}`;
    runStorageConformance({
      name: title,
      test: (full, run) => {
        const reason = departures[full.slice(title.length + 2)];
        return reason === undefined ? test(full, run) : test(full, { skip: reason }, run);
      },
      capabilities: {
        rangedReads: true,
        locates: true,
        orderedListing: true,
        delimiter: true,
        pinnedReads: true,
        digests: azureDigestAlgorithms,
        writes: true,
      },
      missingPlace: name.startsWith("SAS") ? undefined : parseUri(`azure://${account}/no-such-container/`),
      // It takes a backslash for a slash.
      limits: { objectCount, minPartSize: 1024 * 1024, impossibleNames: ["back\\slash"] },
      open: async () => {
        const prefix = parseUri(`azure://${account}/${container}/${randomUUID()}/`);
        const client = await openAzure(azurite, prefix, { secret, parameters, env: { PATH: cli.path } });
        return {
          client,
          prefix,
          cleanup: async () => {
            for (const info of await collect(client.list(prefix))) await client.delete(info.uri);
            await client.close();
          },
        };
      },
    });
  }

  test("Azurite: a wrong key, an expired and a narrow signature are refused as such", async () => {
    const place = parseUri(`azure://${account}/${container}/`);
    const refused = async (secret: Record<string, string>) => {
      const client = await openAzure(azurite, place, { secret });
      try {
        return await expectError(() => collect(client.list(place)), ["unauthenticated", "permission_denied"], "azure");
      } finally {
        await client.close();
      }
    };
    const wrong = Buffer.from("another key of thirty-two bytes!").toString("base64");
    await refused({ accountKey: wrong });
    // It has one answer for all of them; the service tells them apart.
    await refused({ sasToken: containerSas(azurite, container, { expiresOn: Date.now() - 60_000 }) });
    const narrow = containerSas(azurite, container, { permissions: "r" });
    assert.match((await refused({ sasToken: narrow })).detail, /does not allow this|lacks permission/);
  });

  test("Azurite: we read what the official SDK wrote in blocks without an MD5, and it reads what we wrote", async () => {
    const client = await openPlain(`azure://${account}/${container}/interop/`);
    try {
      const theirs = sdk(azurite.url).getBlockBlobClient("interop/their file +%ä.bin");
      const bytes = Buffer.alloc(3_000_000, "theirs");
      await theirs.uploadData(bytes, { blockSize: 1_000_000, maxSingleShotSize: 1 });
      const uri = parseUri(`azure://${account}/${container}/`);
      const at = { ...uri, key: "interop/their file +%ä.bin" };
      const info = await client.stat(at);
      assert.deepEqual(info.digests, []);
      assert.ok(bytes.equals(await readRange(client, at, { pin: info })));
      const ours = { ...uri, key: "interop/our file.bin" };
      await client.put(ours, bytes, { partSize: 1_000_000 });
      assert.ok(bytes.equals(await sdk(azurite.url).getBlobClient(ours.key).downloadToBuffer()));
      assert.equal((await client.stat(ours)).digests.length, 1);
    } finally {
      await client.close();
    }
  });

  test("Azurite: what came in blocks without an MD5 is delivered and verified range by range", async () => {
    const theirs = sdk(azurite.url).getBlockBlobClient("ranges/weights.bin");
    const bytes = Buffer.alloc(13_000_001, "unproven ");
    await theirs.uploadData(bytes, { blockSize: 4_000_000, maxSingleShotSize: 1 });
    const destination = join(scratch, "ranges");
    const result = await deliver({
      source: {
        storageUri: `azure://${account}/${container}/ranges/`,
        parameters: { endpoint: azurite.url },
        secret: { accountKey },
        env: { HOME: scratch },
      },
      destination,
    });
    assert.deepEqual([result.totals.files, result.totals.verifiedBySource], [1, 1]);
    assert.ok(bytes.equals(await readFile(join(destination, "weights.bin"))));
    const proof = await readProof(destination);
    // It tells MD5s of ranges, and passes over what asks for a CRC64.
    const rangeSize = 4 * 1024 * 1024;
    assert.deepEqual(proof?.files[0]?.verification, { by: "source", algorithm: "md5", kind: "ranges", rangeSize });
  });

  // More than a page of 5000. 10,000 are listed as well, and take it three minutes to store.
  test("Azurite: 5100 keys are listed, each once", async () => {
    const client = await openPlain(`azure://${account}/${container}/many/`);
    try {
      const prefix = parseUri(`azure://${account}/${container}/many/`);
      const keys = Array.from({ length: 5100 }, (_, index) => `many/${String(index).padStart(5, "0")}`);
      const left = [...keys];
      const worker = async (): Promise<void> => {
        for (let key = left.pop(); key !== undefined; key = left.pop()) {
          await client.put({ ...prefix, key }, new Uint8Array(0));
        }
      };
      await Promise.all(Array.from({ length: 32 }, worker));
      assert.deepEqual(
        (await collect(client.list(prefix))).map(({ key }) => key),
        keys,
      );
      const theirs: string[] = [];
      for await (const { name } of sdk(azurite.url).listBlobsFlat({ prefix: "many/" })) theirs.push(name);
      assert.deepEqual(theirs, keys, "as the official SDK lists them");
    } finally {
      await client.close();
    }
  });

  test("Azurite: rclone and we read what the other uploaded", { skip: skipWithout("rclone") }, async () => {
    const env = {
      RCLONE_CONFIG_AZ_TYPE: "azureblob",
      RCLONE_CONFIG_AZ_SAS_URL: `${azurite.url}/${account}/${container}?${containerSas(azurite, container)}`,
    };
    const client = await openPlain(`azure://${account}/${container}/rclone/`);
    try {
      const uri = parseUri(`azure://${account}/${container}/`);
      const bytes = Buffer.alloc(9_000_000, "rclone");
      await writeFile(join(scratch, "large file +ü.bin"), bytes);
      await runTool(
        "rclone",
        [
          "copyto",
          join(scratch, "large file +ü.bin"),
          `az:${container}/rclone/large file +ü.bin`,
          "--azureblob-chunk-size",
          "4M",
        ],
        env,
      );
      const theirs = { ...uri, key: "rclone/large file +ü.bin" };
      const info = await client.stat(theirs);
      assert.ok(bytes.equals(await readRange(client, theirs, { pin: info })));
      await client.put({ ...uri, key: "rclone/ours.bin" }, bytes, { partSize: 4_000_000 });
      await runTool("rclone", ["copyto", `az:${container}/rclone/ours.bin`, join(scratch, "ours.bin")], env);
      assert.ok(bytes.equals(await readFile(join(scratch, "ours.bin"))));
    } finally {
      await client.close();
    }
  });
}

/** Makes the container in the https process, whose authority only we are told of. */
async function createContainer({ secureUrl, account, accountKey }: Azurite): Promise<void> {
  const { Agent, request } = await import("undici");
  const dispatcher = new Agent({ connect: { ca: testCa } });
  const client = new ContainerClient(
    `${secureUrl}/${account}/${container}`,
    new StorageSharedKeyCredential(account, accountKey),
    {
      httpClient: {
        sendRequest: async (sent) => {
          const headers = sent.headers.clone();
          const answer = await request(sent.url, {
            method: sent.method as "PUT",
            headers: { ...sent.headers.toJson(), "content-length": "0" },
            dispatcher,
          });
          const bodyAsText = await answer.body.text();
          for (const name of headers.headerNames()) headers.remove(name);
          for (const [name, value] of Object.entries(answer.headers)) headers.set(name, String(value));
          return { request: sent, status: answer.statusCode, headers, bodyAsText };
        },
      },
    },
  );
  await client.create();
  await dispatcher.close();
}
