import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { authorityHost } from "../../../src/auth/azure/clouds.ts";
import { systemClock } from "../../../src/telemetry/clock.ts";
import { startAzureMetadata, systemIdentity, userIdentity } from "../../support/azure/fake-metadata.ts";

test("logins go to the cloud that the storage is in, unless the operator names another address", () => {
  for (const [region, env, expected] of [
    [undefined, {}, "https://login.microsoftonline.com"],
    ["blob.core.windows.net", {}, "https://login.microsoftonline.com"],
    ["blob.core.chinacloudapi.cn", {}, "https://login.chinacloudapi.cn"],
    ["blob.core.usgovcloudapi.net", {}, "https://login.microsoftonline.us"],
    ["blob.core.windows.net", { AZURE_AUTHORITY_HOST: "https://login.corp.example/" }, "https://login.corp.example"],
  ] as const) {
    assert.equal(authorityHost({ region, env }), expected);
  }
  for (const address of ["http://login.example", "login.example"]) {
    assert.throws(
      () => authorityHost({ region: undefined, env: { AZURE_AUTHORITY_HOST: address } }),
      /not an https URL/,
    );
  }
});

const officialLogin = `
import { ManagedIdentityCredential } from "@azure/identity";
const options = process.argv[1] === "" ? {} : { clientId: process.argv[1] };
const { token } = await new ManagedIdentityCredential(options).getToken("https://storage.azure.com/.default");
process.stdout.write(JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString()).appid);
`;

test("the official SDK takes the fake of the metadata service for the real one", async (t) => {
  const metadata = await startAzureMetadata(systemClock);
  t.after(() => metadata.close());
  const { PATH = "" } = process.env;
  for (const [asked, found] of [
    ["", systemIdentity],
    [userIdentity.client_id, userIdentity.client_id],
  ] as const) {
    // It remembers what it found for the whole process.
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["--input-type=module", "--eval", officialLogin, asked],
      {
        env: { PATH, AZURE_POD_IDENTITY_AUTHORITY_HOST: metadata.url },
        cwd: new URL("../../..", import.meta.url).pathname,
      },
    );
    assert.equal(stdout, found);
  }
});
