import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
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
const user = createTestUser();
const minute = 60_000;

function configText(extra: string): string {
  return `# made by a test\n[DEFAULT]\ntenancy = ${user.tenancy}\nregion=us-ashburn-1\n\n${extra}\n`;
}

async function home(
  t: Parameters<typeof scratchDirectory>[0],
  extra: string,
  files: Record<string, string> = {},
): Promise<string> {
  const directory = await scratchDirectory(t);
  mkdirSync(join(directory, ".oci"));
  writeFileSync(join(directory, ".oci", "config"), configText(extra));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, ".oci", name), content);
  return directory;
}

const asUser = (HOME: string, env: Record<string, string> = {}, parameters: Record<string, unknown> = {}) =>
  createOciCredentials(
    ociRequest(watch, { parameters: { auth: "UserPrincipal", ...parameters }, env: { HOME, ...env } }),
  );

test("the default profile of the default file gives key, owner and region", async (t) => {
  const HOME = await home(t, `user=${user.user}\nfingerprint=${user.fingerprint}\nkey_file=~/.oci/key.pem`, {
    "key.pem": user.pem,
  });
  const credentials = asUser(HOME);
  const key = await credentials.resolve();
  assert.equal(credentials.authType, "user_principal");
  assert.equal(key.keyId, user.keyId);
  assert.ok(key.privateKey.equals(user.privateKey));
  assert.deepEqual(await credentials.home(), { region: "us-ashburn-1" });
  const identity = { kind: "ocid", name: user.user, source: "profile DEFAULT", confirmed: false };
  assert.deepEqual(await credentials.identify(), identity);
});

test("a profile inherits from DEFAULT, and its encrypted key opens with its pass phrase", async (t) => {
  const passphrase = "TOPSECRET phrase";
  const encrypted = user.privateKey.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase });
  const legacy = user.privateKey.export({ type: "pkcs1", format: "pem", cipher: "aes-128-cbc", passphrase });
  for (const pem of [encrypted, legacy]) {
    // Keys from the console carry a label behind their end.
    const files = { "key.pem": `${pem}\nOCI_API_KEY\n` };
    const HOME = await home(t, `[OPS]\nuser=${user.user}\nkey_file=~/.oci/key.pem\npass_phrase=${passphrase}`, files);
    const key = await asUser(HOME, { PROFILE: "OPS" }).resolve();
    assert.equal(key.keyId, user.keyId);
  }
  const HOME = await home(t, `[OPS]\nuser=${user.user}\nkey_file=~/.oci/key.pem`, { "key.pem": String(encrypted) });
  assert.match(
    (await watch.rejection(asUser(HOME, { PROFILE: "OPS" }).resolve())).message,
    /encrypted and there is no pass phrase/,
  );
  const opened = await asUser(HOME, { PROFILE: "OPS" }, { passphrase }).resolve();
  assert.equal(opened.keyId, user.keyId);
  const wrong = watch.rejection(asUser(HOME, { PROFILE: "OPS" }, { passphrase: "TOPSECRET wrong" }).resolve());
  assert.match((await wrong).message, /cannot be decrypted/);
});

test("a key in the Secret needs no file; its fingerprint is worked out or checked", async () => {
  const secret = {
    tenancy: user.tenancy,
    user: user.user,
    privateKey: user.pem.replaceAll("\n", "\\n"),
    region: "us-phoenix-1",
  };
  const credentials = createOciCredentials(ociRequest(watch, { secret }));
  assert.equal((await credentials.resolve()).keyId, user.keyId);
  assert.equal((await credentials.identify()).source, "key in secret");
  const upper = createOciCredentials(
    ociRequest(watch, { secret: { ...secret, fingerprint: user.fingerprint.toUpperCase() } }),
  );
  assert.equal((await upper.resolve()).keyId, user.keyId);
  const other = createTestUser("other").fingerprint;
  const error = await watch.rejection(() =>
    createOciCredentials(ociRequest(watch, { secret: { ...secret, fingerprint: other } })),
  );
  assert.equal(error.code, "config_invalid");
  assert.match(error.message, new RegExp(`fingerprint is ${user.fingerprint}, not ${other}`));
});

test("keys that are none, or of another kind, are refused without being shown", async () => {
  const elliptic = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({
    type: "pkcs8",
    format: "pem",
  });
  for (const [privateKey, expected] of [
    ["TOPSECRET", /not PEM of a private key/],
    [String(elliptic), /of type ec/],
  ] as const) {
    const secret = { tenancy: user.tenancy, user: user.user, privateKey };
    assert.match((await watch.rejection(() => createOciCredentials(ociRequest(watch, { secret })))).message, expected);
  }
});

test("what is missing or wrong in the file is named, and nothing else of it", async (t) => {
  const HOME = await home(t, `[OPS]\nuser=${user.user}\nkey_file=~/.oci/gone.pem\nnote=TOPSECRET`);
  const refused = async (env: Record<string, string>) => (await watch.rejection(asUser(HOME, env).resolve())).message;
  assert.match(await refused({ PROFILE: "NONE" }), /no such profile.*Its profiles are: DEFAULT, OPS/);
  assert.match(await refused({ PROFILE: "OPS" }), /the key file .*gone\.pem does not exist/);
  assert.match(await refused({}), /the profile has no user/);
  assert.match(
    await refused({ OCI_CONFIG_PATH: "/nonexistent/config" }),
    /configuration file \/nonexistent\/config does not exist/,
  );
  const token = await home(t, "security_token_file=~/.oci/token\nkey_file=~/.oci/key.pem");
  assert.match((await watch.rejection(asUser(token).resolve())).message, /holds a session token.*USE_SESSION_TOKEN/);
});

test("a session token is read again when the old one comes to its end", async (t) => {
  const clock = manualClock(1_790_000_000_000);
  const issuer = createIssuer();
  const issue = (): string =>
    watch.secret(
      issueSessionToken({
        issuerKey: issuer.privateKey,
        publicKey: user.publicKey,
        subject: user.user,
        now: clock.now(),
        lifetimeMs: 60 * minute,
      }),
    );
  const first = issue();
  const HOME = await home(t, "key_file=~/.oci/key.pem\nsecurity_token_file=~/.oci/token", {
    "key.pem": user.pem,
    token: `${first}\n`,
  });
  const request = ociRequest(watch, { parameters: { auth: "session_token" }, env: { HOME }, clock });
  const credentials = createOciCredentials(request);
  const key = await credentials.resolve();
  assert.equal(key.keyId, `ST$${first}`);
  assert.equal(key.expiration, clock.now() + 60 * minute);
  assert.deepEqual(await credentials.identify(), {
    kind: "ocid",
    name: user.user,
    source: "session token of profile DEFAULT",
    confirmed: true,
  });
  await clock.advance(50 * minute);
  const second = issue();
  writeFileSync(join(HOME, ".oci", "token"), second);
  assert.equal((await credentials.resolve()).keyId, `ST$${first}`);
  await clock.advance(9.8 * minute);
  assert.equal((await credentials.resolve()).keyId, `ST$${second}`);
  await clock.advance(61 * minute);
  const error = await watch.rejection(credentials.resolve());
  assert.equal(error.code, "unauthenticated");
  assert.match(error.message, /session token has expired.*oci session refresh --profile DEFAULT/);
});
