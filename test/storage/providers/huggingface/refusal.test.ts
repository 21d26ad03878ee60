import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { collect } from "../../../../src/storage/collect.ts";
import { readRange } from "../../../../src/storage/read-range.ts";
import { type FakeHub, startFakeHub } from "../../../../src/testing/fake-hub/index.ts";
import { openHub } from "../../../support/open-hub.ts";
import { secretMark, watchSecrets } from "../../../support/secret-watch.ts";

const watch = watchSecrets();
const granted = `hf_granted_${secretMark}`;
const stranger = `hf_stranger_${secretMark}`;

async function startHub(t: TestContext): Promise<FakeHub> {
  const hub = await startFakeHub({
    tokens: [
      { token: granted, user: "alice", grants: ["org/private", "org/gated"] },
      { token: stranger, user: "bob" },
    ],
  });
  t.after(() => hub.close());
  hub.createRepository({ name: "org/private", private: true }).commit({ file: "secret" }, "main");
  const gated = { "config.json": "{}", "model.safetensors": "weights" };
  hub.createRepository({ name: "org/gated", gated: "auto" }).commit(gated, "main");
  hub.createRepository({ name: "org/disabled", disabled: true }).commit({ file: "x" }, "main");
  hub.commit("org/public", { file: "public" });
  return hub;
}

async function read(t: TestContext, hub: FakeHub, uri: string, token?: string): Promise<string> {
  const secret = token === undefined ? {} : { token };
  const { client, objectUri } = await openHub(hub, uri, { secret, logger: watch.logger });
  t.after(() => client.close());
  return Buffer.from(await readRange(client, objectUri)).toString();
}

async function list(t: TestContext, hub: FakeHub, uri: string, token?: string): Promise<number> {
  const secret = token === undefined ? {} : { token };
  const { client, objectUri } = await openHub(hub, uri, { secret, logger: watch.logger });
  t.after(() => client.close());
  return (await collect(client.list(objectUri))).length;
}

test("a private repository is read with its member's token, and does not exist for others", async (t) => {
  const hub = await startHub(t);
  assert.equal(await read(t, hub, "hf://org/private@main/file", granted), "secret");
  const unseen = await watch.rejection(list(t, hub, "hf://org/private", stranger));
  assert.deepEqual([unseen.code, unseen.serviceCode, unseen.httpStatus], ["not_found", "RepoNotFound", 404]);
  assert.match(unseen.message, /no repository org\/private that the token \(token in secret\) may see/);
  const anonymous = await watch.rejection(list(t, hub, "hf://org/private"));
  assert.deepEqual([anonymous.code, anonymous.httpStatus], ["not_found", 401]);
  assert.match(anonymous.hint, /a private repository needs a token/);
});

test("a gated repository can be listed by everyone and read by whom its owner let in", async (t) => {
  const hub = await startHub(t);
  assert.equal(await list(t, hub, "hf://org/gated"), 3);
  for (const file of ["config.json", "model.safetensors"]) {
    const uri = `hf://org/gated@main/${file}`;
    assert.ok((await read(t, hub, uri, granted)).length > 0);
    const refused = await watch.rejection(read(t, hub, uri, stranger));
    assert.deepEqual([refused.code, refused.serviceCode], ["permission_denied", "GatedRepo"]);
    assert.match(refused.message, /is gated, and the account of the token \(token in secret\) has not been granted it/);
    const anonymous = await watch.rejection(read(t, hub, uri));
    assert.deepEqual([anonymous.code, anonymous.serviceCode], ["unauthenticated", "GatedRepo"]);
    assert.match(anonymous.hint, new RegExp(`^Open ${hub.url}/org/gated, sign in and accept`));
  }
  const access = hub.requests.filter(({ kind }) => kind === "auth-check").length;
  assert.equal(access, 6, "one question for each client");
});

test("access that is granted later is found out without a new client", async (t) => {
  const hub = await startHub(t);
  const { client, objectUri } = await openHub(hub, "hf://org/gated@main/config.json", { secret: { token: stranger } });
  t.after(() => client.close());
  await client.stat(objectUri);
  await watch.rejection(client.locate(objectUri));
  hub.addToken({ token: stranger, user: "bob", grants: ["org/gated"] });
  assert.equal(Buffer.from(await readRange(client, objectUri)).toString(), "{}");
});

test("a token that the Hub does not know is named by its source, and anonymous access is not tried", async (t) => {
  const hub = await startHub(t);
  const error = await watch.rejection(list(t, hub, "hf://org/public", `hf_revoked_${secretMark}`));
  assert.equal(error.code, "unauthenticated");
  assert.match(error.message, /the Hub does not accept the token \(token in secret\)/);
  assert.match(error.hint, /\/settings\/tokens/);
  assert.ok(hub.requests.every(({ authorized }) => authorized));
});

test("a disabled repository, a missing file and a missing directory are told apart", async (t) => {
  const hub = await startHub(t);
  const disabled = await watch.rejection(list(t, hub, "hf://org/disabled"));
  assert.equal(disabled.code, "permission_denied");
  assert.match(disabled.message, /the Hub has disabled this repository/);
  const missing = await watch.rejection(read(t, hub, "hf://org/public@main/nothing"));
  assert.deepEqual([missing.code, missing.operation], ["not_found", "stat"]);
  assert.equal(await list(t, hub, "hf://org/public@main/no-such-directory/"), 0);
});

test("no request is made where the environment forbids it, and the error says how to go on", async (t) => {
  const hub = await startHub(t);
  for (const name of ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"]) {
    const { client, objectUri } = await openHub(hub, "hf://org/public@main/file", { env: { [name]: "1" } });
    t.after(() => client.close());
    for (const call of [
      () => collect(client.list(objectUri)),
      () => client.stat(objectUri),
      () => client.locate(objectUri),
    ]) {
      const error = await watch.rejection(call);
      assert.deepEqual([error.code, error.retry], ["unavailable", "permanent"]);
      assert.match(error.message, new RegExp(`${name} is set, and nothing is asked of the Hub. Unset ${name}`));
    }
  }
  assert.equal(hub.requests.length, 0);
});
