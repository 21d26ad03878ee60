import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { signedExpiry } from "../../../../src/storage/providers/huggingface/signed-expiry.ts";
import type { HttpReadSource } from "../../../../src/storage/read-source.ts";
import { readSource } from "../../../../src/testing/conformance/index.ts";
import { type FakeHub, type FakeHubOptions, startFakeHub } from "../../../../src/testing/fake-hub/index.ts";
import { openHub } from "../../../support/open-hub.ts";
import { secretMark, watchSecrets } from "../../../support/secret-watch.ts";

const watch = watchSecrets();
const token = `hf_${secretMark}`;

async function locate(t: TestContext, hub: FakeHub, key: string): Promise<HttpReadSource> {
  const { client, objectUri } = await openHub(hub, "hf://org/model", { secret: { token }, logger: watch.logger });
  t.after(() => client.close());
  const uri = { ...objectUri, key };
  const source = await client.locate(uri, { pin: await client.stat(uri) });
  assert.ok(source.kind === "http");
  return source;
}

async function startHub(t: TestContext, options: FakeHubOptions = {}): Promise<FakeHub> {
  const hub = await startFakeHub({ tokens: [{ token, user: "alice" }], ...options });
  t.after(() => hub.close());
  return hub;
}

test("a large file is located at its signed address, which never gets the token", async (t) => {
  const hub = await startHub(t, { signatureSeconds: 1000 });
  hub.commit("org/model", { "model.safetensors": "weights" });
  const source = await locate(t, hub, "model.safetensors");
  assert.ok(source.url.startsWith(`${hub.store.url}/`));
  assert.deepEqual([source.headers, source.secretUrl], [{}, true]);
  const left = source.expiresAt - Date.now();
  assert.ok(left > 900_000 && left <= 940_001, `renewed a minute before it ends: ${left}`);
  assert.equal(Buffer.from(await readSource(source, { offset: 2, length: 3 })).toString(), "igh");
});

test("a small file is read from the Hub with the token, which a redirect to elsewhere would not get", async (t) => {
  const hub = await startHub(t);
  const commit = hub.commit("org/model", { "a b/config+1.json": "{}" });
  const source = await locate(t, hub, "a b/config+1.json");
  assert.equal(source.url, `${hub.url}/org/model/resolve/${commit}/a%20b/config%2B1.json`);
  assert.deepEqual([source.headers, source.dropHeadersOnRedirect], [{ authorization: `Bearer ${token}` }, true]);
});

test("a small file whose address was refused is asked for by HEAD, which says why", async (t) => {
  const hub = await startHub(t);
  hub.commit("org/model", { "config.json": "{}" });
  const { client, objectUri } = await openHub(hub, "hf://org/model", { secret: { token } });
  t.after(() => client.close());
  const uri = { ...objectUri, key: "config.json" };
  const pin = await client.stat(uri);
  await client.locate(uri, { pin });
  hub.revokeToken(token);
  const error = await watch.rejection(client.locate(uri, { pin }));
  assert.equal(error.code, "unauthenticated");
  assert.match(error.message, /the Hub does not accept the token/);
});

test("the end of a signature is read from what the networks write", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  const at = (query: string) => signedExpiry(`https://cdn.example/x?${query}`, now) - now;
  assert.equal(at(`Expires=${now / 1000 + 3600}&Policy=x`), 3540_000);
  assert.equal(at("X-Amz-Date=20260101T000000Z&X-Amz-Expires=900"), 840_000);
  assert.equal(at(`Expires=${now / 1000 + 30}`), 15_000, "half of what is short");
  assert.ok(at(`Expires=${now / 1000 - 30}`) < 0);
  assert.equal(at("X-Amz-Date=garbage&X-Amz-Expires=900"), Number.POSITIVE_INFINITY);
  assert.equal(at(""), Number.POSITIVE_INFINITY);
});
