import assert from "node:assert/strict";
import { test } from "node:test";
import { originOf, requestTarget } from "../../../src/transfer/http/origin.ts";
import { formatRequest, type RequestLine } from "../../../src/transfer/http/request-head.ts";

function request(more: Partial<RequestLine> & { readonly address?: string } = {}): string {
  const address = more.address ?? "https://a.example:8443/x/y?q=1";
  return formatRequest({
    url: new URL(address),
    target: requestTarget(address),
    headers: {},
    range: undefined,
    ifMatch: undefined,
    ...more,
  });
}

test("a request for a range, pinned, in identity encoding", () => {
  assert.equal(
    request({ headers: { authorization: "a b" }, range: { start: 10, end: 20 }, ifMatch: '"e"' }),
    [
      "GET /x/y?q=1 HTTP/1.1",
      "host: a.example:8443",
      "accept-encoding: identity",
      "authorization: a b",
      "accept: */*",
      "user-agent: model-agent",
      "range: bytes=10-19",
      'if-match: "e"',
      "",
      "",
    ].join("\r\n"),
  );
});

test("a source can set its host and agent, but not what the engine relies on", () => {
  const text = request({
    headers: {
      host: "signed.example",
      "user-agent": "me",
      range: "bytes=0-0",
      "accept-encoding": "gzip",
      "transfer-encoding": "chunked",
      "content-length": "5",
      connection: "close",
    },
  });
  assert.match(text, /\r\nhost: signed\.example\r\n/);
  assert.match(text, /\r\nuser-agent: me\r\n/);
  assert.match(text, /\r\naccept-encoding: identity\r\n/);
  assert.doesNotMatch(text, /range|gzip|chunked|content-length|connection/);
});

test("a proxy is asked in absolute form", () => {
  const address = "http://a.example/x";
  const text = request({ address, viaProxy: { authorization: "Basic eA==" } });
  assert.match(text, /^GET http:\/\/a\.example\/x HTTP\/1\.1\r\nhost: a\.example\r\n/);
  assert.match(text, /\r\nproxy-authorization: Basic eA==\r\n/);
});

test("nothing gets between the lines", () => {
  assert.throws(() => request({ headers: { a: "b\r\nc: d" } }), TypeError);
  assert.throws(() => request({ headers: { "a\n": "b" } }), TypeError);
  assert.throws(() => request({ target: "/a b" }), TypeError);
  assert.throws(() => request({ target: "/a\r\nx: y" }), TypeError);
});

test("the path goes on the wire as it stands in the URL", () => {
  assert.equal(requestTarget("https://a.example/a//b/../%2e%2E/ü?x=%2f#frag"), "/a//b/../%2e%2E/%C3%BC?x=%2f");
  assert.equal(requestTarget("https://a.example/a b?c=d e"), "/a%20b?c=d%20e");
  assert.equal(requestTarget("https://a.example"), "/");
  assert.equal(requestTarget("HTTP://a.example?x"), "/?x");
});

test("origins", () => {
  assert.deepEqual(originOf(new URL("https://[::1]/x")), {
    secure: true,
    host: "::1",
    port: 443,
    text: "https://[::1]",
  });
  assert.deepEqual(originOf(new URL("http://a.example:81/x")), {
    secure: false,
    host: "a.example",
    port: 81,
    text: "http://a.example:81",
  });
  assert.throws(() => originOf(new URL("ftp://a.example/")), TypeError);
});

test("stored bytes are asked for in the encoding that they are stored in", () => {
  assert.match(request({ storedEncoding: "gzip" }), /\r\naccept-encoding: gzip\r\n/);
  assert.throws(() => request({ storedEncoding: "gzip\r\nx: y" }), TypeError);
});
