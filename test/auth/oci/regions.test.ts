import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { resolveRegion } from "../../../src/auth/oci/regions.ts";
import { scratchDirectory } from "../../support/scratch-directory.ts";

const nowhere = { env: { HOME: "/nonexistent" }, home: undefined };

test("identifiers and keys of every realm lead to the realm's domain", async () => {
  for (const [name, region, domain] of [
    ["us-ashburn-1", "us-ashburn-1", "oraclecloud.com"],
    ["IAD", "us-ashburn-1", "oraclecloud.com"],
    ["phx", "us-phoenix-1", "oraclecloud.com"],
    ["us-gov-ashburn-1", "us-gov-ashburn-1", "oraclegovcloud.com"],
    ["us-luke-1", "us-luke-1", "oraclegovcloud.com"],
    ["uk-gov-london-1", "uk-gov-london-1", "oraclegovcloud.uk"],
    ["ap-chiyoda-1", "ap-chiyoda-1", "oraclecloud8.com"],
    ["eu-frankfurt-2", "eu-frankfurt-2", "oraclecloud.eu"],
  ] as const) {
    assert.deepEqual(await resolveRegion(name, nowhere), { region, domain }, name);
  }
});

test("what the principal's metadata says of its own region stands above the table", async () => {
  const home = { region: "us-ashburn-1", domain: "oracle-test.example" };
  assert.deepEqual(await resolveRegion("us-ashburn-1", { env: {}, home }), home);
  const other = await resolveRegion("us-phoenix-1", { env: {}, home });
  assert.deepEqual(other, { region: "us-phoenix-1", domain: "oraclecloud.com" });
});

test("unknown regions are in the principal's realm, then the default one's, then the commercial one", async () => {
  const home = { region: "us-secret-1", domain: "oraclerealm.example" };
  assert.deepEqual(await resolveRegion("us-secret-2", { env: {}, home }), {
    region: "us-secret-2",
    domain: home.domain,
  });
  const env = { HOME: "/nonexistent", OCI_DEFAULT_REALM: "oraclecloud99.com" };
  assert.equal((await resolveRegion("xx-new-1", { env, home: undefined })).domain, "oraclecloud99.com");
  assert.equal((await resolveRegion("xx-new-1", nowhere)).domain, "oraclecloud.com");
});

test("regions can be described by the environment and by a file", async (t) => {
  const HOME = await scratchDirectory(t);
  const entry = (regionIdentifier: string, regionKey: string, realmDomainComponent: string) => ({
    realmKey: "oc5",
    regionIdentifier,
    regionKey,
    realmDomainComponent,
  });
  mkdirSync(join(HOME, ".oci"));
  writeFileSync(join(HOME, ".oci", "regions-config.json"), JSON.stringify([entry("aa-file-1", "FIL", "file.example")]));
  const env = { HOME, OCI_REGION_METADATA: JSON.stringify(entry("bb-env-1", "ENV", "env.example")) };
  assert.deepEqual(await resolveRegion("fil", { env, home: undefined }), {
    region: "aa-file-1",
    domain: "file.example",
  });
  assert.deepEqual(await resolveRegion("env", { env, home: undefined }), { region: "bb-env-1", domain: "env.example" });
  const broken = { HOME: "/nonexistent", OCI_REGION_METADATA: "{" };
  assert.equal((await resolveRegion("env", { env: broken, home: undefined })).domain, "oraclecloud.com");
});
