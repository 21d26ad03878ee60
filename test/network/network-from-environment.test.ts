import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { rootCertificates } from "node:tls";
import { isStorageError } from "../../src/errors.ts";
import { networkFromEnvironment } from "../../src/network/network-from-environment.ts";
import { directNetwork } from "../../src/network/network-profile.ts";
import { testCa, testCaPath } from "../support/web-server.ts";

const directory = mkdtempSync(join(tmpdir(), "network-"));
after(() => rmSync(directory, { recursive: true }));

test("an empty environment is the direct network", () => {
  assert.equal(networkFromEnvironment({}), directNetwork);
  assert.equal(networkFromEnvironment({ HTTPS_PROXY: " ", NO_PROXY: "a" }), directNetwork);
});

test("proxies are read in both spellings, the lower-case one first, with ALL_PROXY behind them", () => {
  const both = networkFromEnvironment({ HTTPS_PROXY: "http://upper:1", https_proxy: "http://lower:2" });
  assert.equal(both.httpsProxy, "http://lower:2/");
  assert.equal(both.httpProxy, undefined);
  const all = networkFromEnvironment({ ALL_PROXY: "proxy.example:3128", HTTP_PROXY: "http://plain:1" });
  assert.equal(all.httpsProxy, "http://proxy.example:3128/");
  assert.equal(all.httpProxy, "http://plain:1/");
});

test("NO_PROXY is split at commas and blanks", () => {
  const profile = networkFromEnvironment({ https_proxy: "http://p:1", NO_PROXY: " .svc,10.0.0.0/8  a.example ,," });
  assert.deepEqual(profile.noProxy, [".svc", "10.0.0.0/8", "a.example"]);
});

test("overrides stand above the environment, and an empty one switches off", () => {
  const env = { HTTPS_PROXY: "http://p:1", HTTP_PROXY: "http://p:2", NO_PROXY: "a", AWS_CA_BUNDLE: testCaPath };
  const profile = networkFromEnvironment(env, { httpsProxy: "http://q:1", httpProxy: "", noProxy: "b", caBundle: "" });
  assert.equal(profile.httpsProxy, "http://q:1/");
  assert.equal(profile.httpProxy, undefined);
  assert.deepEqual(profile.noProxy, ["b"]);
  assert.equal(profile.extraCa, "");
});

test("a proxy that is no HTTP proxy is refused by the name of its variable, its credentials unsaid", () => {
  for (const [name, value] of [
    ["HTTPS_PROXY", "socks5://user:hunter2@p:1080"],
    ["http_proxy", "http://user:hunter2@[bad"],
  ] as const) {
    assert.throws(
      () => networkFromEnvironment({ [name]: value }),
      (error) =>
        isStorageError(error) &&
        error.code === "config_invalid" &&
        error.message.includes(name) &&
        !error.message.includes("hunter2"),
    );
  }
});

test("authorities of every variable are joined, each certificate once, those that Node has left out", () => {
  const known = rootCertificates[0] ?? "";
  const mixed = join(directory, "mixed.pem");
  writeFileSync(mixed, `# comment\n${known}\n${testCa}\n`);
  const profile = networkFromEnvironment({
    AWS_CA_BUNDLE: mixed,
    SSL_CERT_FILE: testCaPath,
    NODE_EXTRA_CA_CERTS: mixed,
  });
  assert.equal(profile.extraCa.trim(), testCa.trim());
  assert.equal(networkFromEnvironment({}, { caBundle: testCa }).extraCa.trim(), testCa.trim());
  assert.equal(
    networkFromEnvironment({ AWS_CA_BUNDLE: join(directory, "missing") }, { caBundle: testCaPath }).extraCa.trim(),
    testCa.trim(),
  );
});

test("an unreadable or empty bundle is an error that names variable and path", () => {
  const empty = join(directory, "empty.pem");
  writeFileSync(empty, "nothing here");
  for (const name of ["AWS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"]) {
    for (const path of [join(directory, "missing.pem"), empty]) {
      assert.throws(
        () => networkFromEnvironment({ [name]: path }),
        (error) =>
          isStorageError(error) && error.code === "config_invalid" && error.message.includes(`${name}=${path}`),
      );
    }
  }
});

test("equal content gives an equal id, other content another one", () => {
  const env = { HTTPS_PROXY: "http://p:1", NO_PROXY: "a,b" };
  assert.equal(networkFromEnvironment(env).id, networkFromEnvironment({ https_proxy: "p:1", no_proxy: "a b" }).id);
  assert.notEqual(networkFromEnvironment(env).id, networkFromEnvironment({ ...env, NO_PROXY: "a" }).id);
});
