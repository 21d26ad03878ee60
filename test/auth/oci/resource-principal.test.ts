import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { createOciCredentials } from "../../../src/auth/oci/create.ts";
import { issueSessionToken } from "../../../src/testing/fake-oci/index.ts";
import { manualClock } from "../../support/manual-clock.ts";
import { createTestUser } from "../../support/oci/api-key.ts";
import { createIssuer } from "../../support/oci/fake-identity-service.ts";
import { ociRequest } from "../../support/oci/oci-request.ts";
import { scratchDirectory } from "../../support/scratch-directory.ts";
import { watchSecrets } from "../../support/secret-watch.ts";

const watch = watchSecrets();
const issuer = createIssuer();
const resource = "ocid1.fnfunc.oc1.iad.aaaatestfunction";
const minute = 60_000;
const clock = manualClock(1_790_000_000_000);
const [first, second] = [createTestUser("one"), createTestUser("two")];

const issue = (publicKey = first.publicKey): string =>
  watch.secret(
    issueSessionToken({
      issuerKey: issuer.privateKey,
      publicKey,
      subject: "fn",
      now: clock.now(),
      lifetimeMs: 15 * minute,
      claims: { res_id: resource },
    }),
  );
const variables = (env: Record<string, string>) =>
  ociRequest(watch, {
    parameters: { auth: "ResourcePrincipal" },
    clock,
    env: { OCI_RESOURCE_PRINCIPAL_VERSION: "2.2", OCI_RESOURCE_PRINCIPAL_REGION: "us-phoenix-1", ...env },
  });

test("token and key come from the environment's values", async () => {
  const token = issue();
  const credentials = createOciCredentials(
    variables({ OCI_RESOURCE_PRINCIPAL_RPST: token, OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM: first.pem }),
  );
  const key = await credentials.resolve();
  assert.equal(key.keyId, `ST$${token}`);
  assert.ok(key.privateKey.equals(first.privateKey));
  assert.deepEqual(await credentials.home(), { region: "us-phoenix-1" });
  assert.deepEqual(await credentials.identify(), {
    kind: "ocid",
    name: resource,
    source: "resource principal",
    confirmed: true,
  });
});

test("files are read again when the token comes to its end, key and pass phrase with it", async (t) => {
  const directory = await scratchDirectory(t);
  const paths = { token: join(directory, "rpst"), key: join(directory, "key"), phrase: join(directory, "phrase") };
  const write = (user: typeof first, token: string, passphrase: string): void => {
    writeFileSync(paths.token, token);
    writeFileSync(
      paths.key,
      user.privateKey.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase }),
    );
    writeFileSync(paths.phrase, `${passphrase}\n`);
  };
  const token = issue();
  write(first, token, "TOPSECRET-one");
  const credentials = createOciCredentials(
    variables({
      OCI_RESOURCE_PRINCIPAL_RPST: paths.token,
      OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM: paths.key,
      OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM_PASSPHRASE: paths.phrase,
    }),
  );
  assert.equal((await credentials.resolve()).keyId, `ST$${token}`);
  await clock.advance(14.8 * minute);
  const next = issue(second.publicKey);
  write(second, next, "TOPSECRET-two");
  const key = await credentials.resolve();
  assert.equal(key.keyId, `ST$${next}`);
  assert.ok(key.privateKey.equals(second.privateKey));
});

test("what is missing, mixed, expired or of another version is refused", async () => {
  const refused = async (env: Record<string, string>) => {
    const error = await watch.rejection(async () => createOciCredentials(variables(env)).resolve());
    return `${error.code} ${error.message}`;
  };
  const good = { OCI_RESOURCE_PRINCIPAL_RPST: issue(), OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM: first.pem };
  assert.match(
    await refused({ OCI_RESOURCE_PRINCIPAL_VERSION: "" }),
    /^config_invalid .*OCI_RESOURCE_PRINCIPAL_VERSION is not set/,
  );
  assert.match(
    await refused({ OCI_RESOURCE_PRINCIPAL_VERSION: "1.1" }),
    /^unsupported .*version 1\.1 of resource principals/,
  );
  assert.match(
    await refused({ OCI_RESOURCE_PRINCIPAL_RPST: "x" }),
    /^config_invalid .*OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM is not set/,
  );
  assert.match(
    await refused({ ...good, OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM_PASSPHRASE: "/phrase" }),
    /^config_invalid .*not both paths/,
  );
  assert.match(
    await refused({ ...good, OCI_RESOURCE_PRINCIPAL_RPST: "TOPSECRET" }),
    /^unauthenticated .*no session token/,
  );
  assert.match(
    await refused({ ...good, OCI_RESOURCE_PRINCIPAL_RPST: "/nonexistent/rpst" }),
    /\/nonexistent\/rpst does not exist/,
  );
  await clock.advance(20 * minute);
  assert.match(await refused(good), /^unauthenticated .*session token has expired/);
});
