import assert from "node:assert/strict";
import type { RequestListener } from "node:http";
import { test } from "node:test";
import type { Dispatcher } from "undici";
import { isStorageError, type StorageError } from "../../src/errors.ts";
import { connectionError, isConnectionError } from "../../src/network/connection-error.ts";
import { createDispatcher } from "../../src/network/dispatcher.ts";
import { networkFromEnvironment } from "../../src/network/network-from-environment.ts";
import { directNetwork, type NetworkProfile } from "../../src/network/network-profile.ts";
import { startProxy } from "../support/http-proxy.ts";
import { startHttp, startHttps, testCa } from "../support/web-server.ts";

const echo: RequestListener = (incoming, outgoing) => {
  const chunks: Buffer[] = [];
  incoming.on("data", (chunk) => chunks.push(chunk));
  incoming.on("end", () => {
    outgoing.setHeader("x-host", incoming.headers.host ?? "");
    outgoing.setHeader("x-proxy-authorization", String(incoming.headers["proxy-authorization"]));
    outgoing.end(`${incoming.method} ${incoming.url} ${Buffer.concat(chunks)}`);
  });
};

async function use<T>(profile: NetworkProfile, work: (dispatcher: Dispatcher) => Promise<T>): Promise<T> {
  const dispatcher = createDispatcher(profile, { connectTimeoutMs: 5000 });
  try {
    return await work(dispatcher);
  } finally {
    await dispatcher.destroy();
  }
}

function get(dispatcher: Dispatcher, origin: string): Promise<string> {
  return dispatcher.request({ origin, path: "/p?q=1", method: "GET" }).then((answer) => answer.body.text());
}

async function failure(profile: NetworkProfile, origin: string): Promise<StorageError> {
  const error = await use(profile, (dispatcher) => get(dispatcher, origin)).then(
    () => assert.fail("it should fail"),
    (reason: unknown) => reason,
  );
  assert.ok(isConnectionError(error), String(error));
  return connectionError(error, { operation: "list", target: "s3://b/p", host: new URL(origin).host, provider: "s3" });
}

test("a certificate of an unknown authority is refused with its issuer named, and accepted with the authority given", async (t) => {
  const server = await startHttps(t, echo);
  const refused = await failure(directNetwork, server.origin);
  assert.equal(refused.code, "connection");
  assert.equal(refused.retry, "permanent");
  assert.match(
    refused.message,
    /^list s3:\/\/b\/p: no trusted connection to 127\.0\.0\.1:\d+: its certificate comes from an unknown authority/,
  );
  assert.match(refused.message, /issued by "model-agent test CA"/);
  assert.match(refused.hint, /AWS_CA_BUNDLE/);
  const answer = await use(networkFromEnvironment({}, { caBundle: testCa }), (dispatcher) =>
    get(dispatcher, server.origin),
  );
  assert.equal(answer, "GET /p?q=1 ");
});

test("an expired certificate and one for another name are told apart", async (t) => {
  const network = networkFromEnvironment({}, { caBundle: testCa });
  const expired = await startHttps(t, echo, "expired");
  const old = await failure(network, expired.origin);
  assert.match(old.message, /its certificate has expired \(issued by "model-agent test CA"\)/);
  assert.match(old.hint, /clock/);
  const proxy = await startProxy(t, { hosts: ["elsewhere.example"] });
  const server = await startHttps(t, echo);
  const throughProxy = networkFromEnvironment({ HTTPS_PROXY: proxy.url }, { caBundle: testCa });
  const other = await failure(throughProxy, `https://elsewhere.example:${server.port}`);
  assert.match(other.message, /its certificate is for localhost/);
  assert.equal(other.retry, "permanent");
});

test("TLS targets go through the proxy's tunnel with its credentials, plain ones are forwarded, NO_PROXY goes direct", async (t) => {
  const proxy = await startProxy(t, {
    credentials: "user:p@ss",
    hosts: ["a.tests.example", "b.tests.example"],
  });
  const secure = await startHttps(t, echo);
  const plain = await startHttp(t, echo);
  const url = `http://user:p%40ss@127.0.0.1:${proxy.port}`;
  const network = networkFromEnvironment(
    { HTTPS_PROXY: url, HTTP_PROXY: url, NO_PROXY: "127.0.0.0/8" },
    { caBundle: testCa },
  );
  await use(network, async (dispatcher) => {
    for (let round = 0; round < 3; round++) {
      assert.equal(await get(dispatcher, `https://a.tests.example:${secure.port}`), "GET /p?q=1 ");
      await new Promise(setImmediate);
    }
    const forwarded = await dispatcher.request({
      origin: `http://b.tests.example:${plain.port}`,
      path: "/up",
      method: "PUT",
      body: "hello",
    });
    assert.equal(await forwarded.body.text(), "PUT /up hello");
    assert.equal(forwarded.headers["x-host"], `b.tests.example:${plain.port}`);
    assert.equal(forwarded.headers["x-proxy-authorization"], "undefined");
    await get(dispatcher, secure.origin);
    await get(dispatcher, plain.origin);
  });
  assert.deepEqual(proxy.requests, [
    `CONNECT a.tests.example:${secure.port}`,
    `PUT http://b.tests.example:${plain.port}/up`,
  ]);
});

test("a percent sign in a proxy's password that begins no escape stands for itself", async (t) => {
  const proxy = await startProxy(t, { credentials: "user:100%", hosts: ["a.tests.example"] });
  const server = await startHttps(t, echo);
  const network = networkFromEnvironment({ HTTPS_PROXY: proxy.url }, { caBundle: testCa });
  assert.equal(
    await use(network, (dispatcher) => get(dispatcher, `https://a.tests.example:${server.port}`)),
    "GET /p?q=1 ",
  );
});

test("a proxy that speaks TLS itself serves both kinds of targets, and must be trusted", async (t) => {
  const proxy = await startProxy(t, { secure: true, hosts: ["a.tests.example", "b.example"] });
  const secure = await startHttps(t, echo);
  const plain = await startHttp(t, echo);
  const env = { HTTPS_PROXY: proxy.url, HTTP_PROXY: proxy.url };
  await use(networkFromEnvironment(env, { caBundle: testCa }), async (dispatcher) => {
    assert.equal(await get(dispatcher, `https://a.tests.example:${secure.port}`), "GET /p?q=1 ");
    assert.equal(await get(dispatcher, `http://b.example:${plain.port}`), "GET /p?q=1 ");
  });
  assert.equal(proxy.requests.length, 2);
  const refused = await failure(networkFromEnvironment(env), `https://a.tests.example:${secure.port}`);
  assert.match(refused.message, /no trusted connection to the proxy 127\.0\.0\.1:\d+/);
});

test("a TLS failure behind a proxy still names the issuer, as with a proxy that breaks TLS open", async (t) => {
  const proxy = await startProxy(t, { hosts: ["a.tests.example"] });
  const server = await startHttps(t, echo);
  const refused = await failure(
    networkFromEnvironment({ HTTPS_PROXY: proxy.url }),
    `https://a.tests.example:${server.port}`,
  );
  assert.match(refused.message, /issued by "model-agent test CA"/);
});

test("what a proxy refuses says so: 407 without and with wrong credentials, 403, 503", async (t) => {
  const closed = await startProxy(t, { credentials: "user:secret-word" });
  const missing = await failure(
    networkFromEnvironment({ HTTPS_PROXY: `http://127.0.0.1:${closed.port}` }),
    "https://a.tests.example",
  );
  assert.equal(missing.httpStatus, 407);
  assert.equal(missing.retry, "permanent");
  assert.match(missing.message, /^list s3:\/\/b\/p: the proxy 127\.0\.0\.1:\d+ asks for a user and password/);
  const wrong = await failure(
    networkFromEnvironment({ HTTPS_PROXY: `http://user:wrong-word@127.0.0.1:${closed.port}` }),
    "https://a.tests.example",
  );
  assert.match(wrong.message, /refuses the user or password/);
  assert.doesNotMatch(wrong.message, /wrong-word/);
  const forbidding = await startProxy(t, { refuseWith: 403 });
  const forbidden = await failure(networkFromEnvironment({ HTTPS_PROXY: forbidding.url }), "https://a.tests.example");
  assert.equal(forbidden.retry, "permanent");
  assert.match(forbidden.message, /does not allow/);
  const tired = await startProxy(t, { refuseWith: 503 });
  const unavailable = await failure(networkFromEnvironment({ HTTPS_PROXY: tired.url }), "https://a.tests.example");
  assert.equal(unavailable.code, "unavailable");
  assert.equal(unavailable.retry, "temporary");
});

test("a closed port, a name that does not exist and TLS spoken to a plain port are told apart", async (t) => {
  const server = await startHttp(t, echo);
  const gone = server.origin;
  const mixedUp = await failure(directNetwork, server.origin.replace("http:", "https:"));
  assert.match(mixedUp.message, /the TLS handshake failed \(/);
  await server.close();
  const refused = await failure(directNetwork, gone);
  assert.equal(refused.code, "connection");
  assert.equal(refused.retry, "temporary");
  assert.match(refused.message, /refuses connections/);
  const proxyGone = await failure(networkFromEnvironment({ HTTPS_PROXY: gone }), "https://a.tests.example");
  assert.match(proxyGone.message, /the proxy 127\.0\.0\.1:\d+ refuses connections/);
});

test("codes of sockets and resolvers map to codes of ours, wherever they hide", () => {
  const context = { operation: "read", host: "h.example" };
  const coded = (code: string): Error => Object.assign(new Error(code), { code });
  assert.match(connectionError(coded("ENOTFOUND"), context).message, /the name h\.example does not exist/);
  assert.equal(connectionError(coded("EAI_AGAIN"), context).retry, "temporary");
  assert.equal(connectionError(coded("ECONNRESET"), context).code, "connection");
  assert.equal(connectionError(coded("ETIMEDOUT"), context).code, "timeout");
  assert.equal(connectionError(coded("HPE_INVALID_CONSTANT"), context).code, "protocol");
  assert.equal(
    connectionError(new Error("outer", { cause: new AggregateError([coded("ECONNREFUSED")]) }), context).code,
    "connection",
  );
  assert.equal(connectionError(new DOMException("stop", "AbortError"), context).code, "cancelled");
  assert.equal(connectionError(new Error("odd"), context).code, "internal");
  assert.equal(isConnectionError(new Error("odd")), false);
  assert.ok(!isStorageError(new Error("odd")));
});
