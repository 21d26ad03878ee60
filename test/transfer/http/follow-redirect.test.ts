import assert from "node:assert/strict";
import { test } from "node:test";
import { directNetwork } from "../../../src/network/network-profile.ts";
import type { HttpReadSource } from "../../../src/storage/read-source.ts";
import { followRedirect } from "../../../src/transfer/http/follow-redirect.ts";

function source(more: Partial<HttpReadSource> = {}): HttpReadSource {
  return {
    kind: "http",
    url: "https://a.example/dir/file",
    headers: { authorization: "Bearer secret" },
    expiresAt: Number.POSITIVE_INFINITY,
    secretUrl: false,
    dropHeadersOnRedirect: true,
    network: directNetwork,
    ...more,
  };
}

function followed(read: HttpReadSource, location: string): HttpReadSource {
  const redirected = followRedirect(read, location);
  assert.ok(redirected.kind === "follow", JSON.stringify(redirected));
  return redirected.read;
}

test("relative locations keep origin and credentials", () => {
  assert.equal(followed(source(), "other?x=1").url, "https://a.example/dir/other?x=1");
  assert.equal(followed(source(), "/root").url, "https://a.example/root");
  assert.deepEqual(followed(source(), "/root").headers, { authorization: "Bearer secret" });
});

test("an absolute location goes on the wire byte for byte", () => {
  const location = "https://cdn.example/a//b/%2e%2E/c?sig=a%2Fb+c";
  assert.equal(followed(source(), location).url, location);
});

test("credentials stay behind when the origin changes, and a URL with a query is a secret from then on", () => {
  const read = followed(source(), "https://b.example/file?sig=1");
  assert.deepEqual(read.headers, {});
  assert.equal(read.secretUrl, true);
  assert.deepEqual(followed(source(), "https://a.example:444/file").headers, {});
  assert.deepEqual(followed(source({ dropHeadersOnRedirect: false }), "https://b.example/").headers, {
    authorization: "Bearer secret",
  });
});

test("a read with credentials never leaves https", () => {
  assert.equal(followRedirect(source(), "http://a.example/file").kind, "refused");
  assert.equal(followRedirect(source({ headers: {}, secretUrl: true }), "http://a.example/file").kind, "refused");
  assert.equal(followRedirect(source({ headers: {} }), "http://a.example/file").kind, "follow");
});

test("what is no place to read from is refused", () => {
  for (const location of [
    "file:///etc/passwd",
    "ftp://a.example/",
    "javascript:alert(1)",
    "https://u:p@a.example/",
    "http://",
  ]) {
    assert.equal(followRedirect(source(), location).kind, "refused", location);
  }
});
