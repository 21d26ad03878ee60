import assert from "node:assert/strict";
import { test } from "node:test";
import { createStorageClient } from "../../../../src/storage/create-storage-client.ts";
import type { AzureParameters } from "../../../../src/storage/providers/azure/parameters.ts";
import { addressOf, chooseSettings } from "../../../../src/storage/providers/azure/settings.ts";
import type { AzureUri } from "../../../../src/uri/object-uri.ts";
import { parseUri } from "../../../../src/uri/parse-uri.ts";
import { watchSecrets } from "../../../support/secret-watch.ts";

const watch = watchSecrets();
const key = Buffer.from("TOPSECRET key").toString("base64");

interface Given {
  readonly parameters?: Record<string, string>;
  readonly secret?: Record<string, string>;
  readonly env?: Record<string, string>;
}

function address(text: string, { parameters = {}, secret = {}, env = {} }: Given = {}): string {
  const uri = parseUri(text) as AzureUri;
  return addressOf(chooseSettings({ uri, parameters: parameters as AzureParameters, secret, env }), uri).url;
}

test("account and address are found in URI, parameters, Secret and environment, in this order", () => {
  const environment = { AZURE_STORAGE_ACCOUNT: "fromenv" };
  const emulator = "http://127.0.0.1:10000";
  for (const [text, given, expected] of [
    ["azure://acct/models/m", {}, "https://acct.blob.core.windows.net"],
    ["az://acct.blob.core.windows.net/models/m", { env: environment }, "https://acct.blob.core.windows.net"],
    ["az://acct.blob.core.chinacloudapi.cn/models", {}, "https://acct.blob.core.chinacloudapi.cn"],
    ["az://acct.z12.blob.storage.azure.net/models", {}, "https://acct.z12.blob.storage.azure.net"],
    ["az://models/m", { env: environment }, "https://fromenv.blob.core.windows.net"],
    ["az://models/m", { env: { AZURE_STORAGE_ACCOUNT_NAME: "omename" } }, "https://omename.blob.core.windows.net"],
    ["az://models/m", { env: environment, parameters: { account: "given" } }, "https://given.blob.core.windows.net"],
    ["az://models/m", { env: environment, secret: { account: "secretly" } }, "https://secretly.blob.core.windows.net"],
    [
      "azure://acct/models",
      { parameters: { endpointSuffix: "core.usgovcloudapi.net" } },
      "https://acct.blob.core.usgovcloudapi.net",
    ],
    ["azure://acct/models", { parameters: { endpoint: emulator } }, `${emulator}/acct`],
    ["az://models", { parameters: { endpoint: `${emulator}/devstoreaccount1` } }, `${emulator}/devstoreaccount1`],
    ["azure://acct/models", { parameters: { endpoint: "http://azurite:10000" } }, "http://azurite:10000/acct"],
    ["azure://acct/models", { parameters: { endpoint: "https://models.example.com" } }, "https://models.example.com"],
    ["az://models", { secret: { connectionString: "UseDevelopmentStorage=true" } }, `${emulator}/devstoreaccount1`],
    [
      "az://models",
      { secret: { connectionString: `AccountName=conn;AccountKey=${key};EndpointSuffix=core.chinacloudapi.cn` } },
      "https://conn.blob.core.chinacloudapi.cn",
    ],
    [
      "az://models",
      { env: { AZURE_STORAGE_CONNECTION_STRING: `BlobEndpoint=https://xyz.blob.core.windows.net/;AccountKey=${key}` } },
      "https://xyz.blob.core.windows.net",
    ],
    [
      "azure://acct/models",
      { env: { AZURE_STORAGE_SERVICE_ENDPOINT: "https://blobs.internal.example" } },
      "https://blobs.internal.example",
    ],
  ] as const) {
    assert.equal(address(text, given), expected, text);
  }
});

test("without an account the error explains both spellings", async () => {
  const error = await watch.rejection(() => address("az://models/m"));
  assert.equal(error.code, "config_invalid");
  assert.match(
    error.message,
    /azure:\/\/\{account\}\/models\/\{prefix\}.*az:\/\/models.*parameter account.*AZURE_STORAGE_ACCOUNT/,
  );
  const other = await watch.rejection(() =>
    address("azure://one/models", { parameters: { endpoint: "https://two.blob.core.windows.net" } }),
  );
  assert.match(other.message, /account two, not of one/);
});

const open = (storageUri: string, parameters: Record<string, string>, more: Given = {}) =>
  createStorageClient({ storageUri, parameters, env: {}, logger: watch.logger, ...more });

test("the machine's own login goes to no address that a manifest names", async () => {
  const elsewhere = { endpoint: "https://acct.blob.example.org" };
  for (const [parameters, more] of [
    [elsewhere, {}],
    [elsewhere, { env: { AZURE_STORAGE_KEY: key } }],
    [elsewhere, { env: { AZURE_STORAGE_SAS_TOKEN: "sv=2021-12-02&sig=TOPSECRET" } }],
    [{ ...elsewhere, auth: "cli" }, {}],
  ] as const) {
    const error = await watch.rejection(open("az://models/m", parameters, more));
    assert.equal(error.code, "config_invalid");
    assert.match(error.message, /is not sent to acct\.blob\.example\.org.*AZURE_STORAGE_SERVICE_ENDPOINT/);
  }
  const inUri = await watch.rejection(open("az://acct.blob.example.org/models/m", {}));
  assert.match(inUri.message, /none of Azure's hosts/);
  for (const [storageUri, parameters, more] of [
    ["az://models/m", elsewhere, { secret: { accountKey: key } }],
    ["az://models/m", { ...elsewhere, auth: "anonymous" }, {}],
    ["azure://acct/models/m", {}, { env: { AZURE_STORAGE_SERVICE_ENDPOINT: "https://acct.blob.example.org" } }],
    ["az://acct.privatelink.blob.core.windows.net/models/m", {}, {}],
  ] as const) {
    const { client } = await open(storageUri, parameters, more);
    await client.close();
  }
});

test("tokens and signatures are not sent over plain http, save to this machine", async () => {
  const parameters = { endpoint: "http://azurite:10000" };
  const error = await watch.rejection(
    open("azure://acct/models/m", parameters, { secret: { sasToken: "sv=2021-12-02&sig=TOPSECRET" } }),
  );
  assert.match(error.message, /not sent over plain http/);
});
