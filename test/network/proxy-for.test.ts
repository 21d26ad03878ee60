import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { NetworkProfile } from "../../src/network/network-profile.ts";
import { proxyFor } from "../../src/network/proxy-for.ts";

function profile(noProxy: readonly string[]): NetworkProfile {
  return { id: "t", extraCa: "", httpProxy: "http://plain:1", httpsProxy: "http://secure:2", noProxy };
}

function direct(noProxy: string, url: string): boolean {
  return proxyFor(profile([noProxy]), new URL(url)) === undefined;
}

test("the proxy follows the scheme of the target", () => {
  assert.equal(proxyFor(profile([]), new URL("https://a.example/"))?.host, "secure:2");
  assert.equal(proxyFor(profile([]), new URL("http://a.example/"))?.host, "plain:1");
  assert.equal(proxyFor({ ...profile([]), httpsProxy: undefined }, new URL("https://a.example/")), undefined);
});

const rows: readonly [entry: string, url: string, direct: boolean][] = [
  ["*", "https://a.example/", true],
  ["a.example", "https://a.example/", true],
  ["a.example", "https://b.a.example/", true],
  ["a.example", "https://ba.example/", false],
  ["a.example", "https://a.example.org/", false],
  ["A.Example", "https://a.EXAMPLE/", true],
  ["a.example", "https://a.example./", true],
  ["a.example.", "https://a.example/", true],
  [".a.example", "https://b.a.example/", true],
  [".a.example", "https://a.example/", true],
  ["*.a.example", "https://b.a.example/", true],
  ["*.a.example", "https://ba.example/", false],
  [".svc", "http://minio.store.svc:9000/", true],
  ["a.example:8443", "https://a.example:8443/", true],
  ["a.example:8443", "https://a.example/", false],
  ["a.example:443", "https://a.example/", true],
  ["a.example:80", "http://a.example/", true],
  ["a.example:80", "https://a.example/", false],
  ["10.1.2.3", "http://10.1.2.3/", true],
  ["10.1.2.3", "http://10.1.2.4/", false],
  ["10.1.2.3:9000", "http://10.1.2.3:9000/", true],
  ["10.1.2.3:9000", "http://10.1.2.3/", false],
  ["10.0.0.0/8", "http://10.200.3.4:9000/", true],
  ["10.0.0.0/8", "http://11.0.0.1/", false],
  ["10.0.0.0/8", "http://10.example/", false],
  ["10.0.0.0/8", "http://[::ffff:10.1.2.3]/", true],
  ["fd00:1::/32", "http://[fd00:1:2::3]:9000/", true],
  ["fd00:1::/32", "http://[fd00:2::3]/", false],
  ["fd00::5", "http://[fd00:0::5]/", true],
  ["[fd00::5]:9000", "http://[fd00::5]:9000/", true],
  ["[fd00::5]:9000", "http://[fd00::5]:9001/", false],
  ["not/a/block", "http://not/a", false],
  ["10.0.0.0/99", "http://10.0.0.1/", false],
  [".", "http://a.example/", false],
  ["", "http://a.example/", false],
];

for (const [entry, url, expected] of rows) {
  test(`NO_PROXY=${entry} ${expected ? "takes" : "does not take"} ${url} off the proxy`, () => {
    assert.equal(direct(entry, url), expected);
  });
}

test("metadata services and loopback never see a proxy", () => {
  for (const host of [
    "169.254.169.254",
    "169.254.170.2",
    "169.254.170.23",
    "[fd00:ec2::254]",
    "[fd00:ec2::23]",
    "[::ffff:169.254.169.254]",
    "metadata.google.internal",
    "metadata.google.internal.",
    "127.0.0.1",
    "127.8.9.1",
    "localhost",
    "x.localhost",
    "[::1]",
  ]) {
    assert.equal(proxyFor(profile([]), new URL(`http://${host}/`)), undefined, host);
  }
  assert.notEqual(proxyFor(profile([]), new URL("http://metadata.google.internal.evil.example/")), undefined);
});

test("no entry and no host make the decision throw", () => {
  fc.assert(
    fc.property(fc.string(), fc.domain(), (entry, host) => {
      proxyFor(profile([entry]), new URL(`https://${host}/`));
    }),
  );
});
