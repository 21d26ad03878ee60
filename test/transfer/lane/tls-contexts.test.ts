import assert from "node:assert/strict";
import { test } from "node:test";
import { directNetwork } from "../../../src/network/network-profile.ts";
import { TlsContexts } from "../../../src/transfer/lane/tls-contexts.ts";

test("a session is resumed under the network profile that it was made under, and under no other", () => {
  const contexts = new TlsContexts();
  const session = Buffer.from("session");
  contexts.keepSession("https://models.test", { ...directNetwork, id: "trusting" }, session);
  assert.equal(contexts.session("https://models.test", { ...directNetwork, id: "trusting" }), session);
  assert.equal(contexts.session("https://models.test", directNetwork), undefined);
});
