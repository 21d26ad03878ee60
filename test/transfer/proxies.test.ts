import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, type TestContext, test } from "node:test";
import type { NetworkProfile } from "../../src/network/network-profile.ts";
import { generatedContent, startFaultServer } from "../../src/testing/index.ts";
import { transfer } from "../../src/transfer/transfer.ts";
import { assertFile } from "../faults/support/assert-file.ts";
import { serve } from "../faults/support/http-file.ts";
import { rejectsWith } from "../faults/support/rejects-with.ts";
import { stagingTarget } from "../faults/support/staging-target.ts";
import { startProxy, type TestProxyOptions } from "../support/http-proxy.ts";

const content = generatedContent({ seed: 1, size: 20 * 1024 * 1024 + 1 });
const hostName = "models.tests.example";
const pem = (name: string): string => readFileSync(new URL(`../support/tls/${name}`, import.meta.url), "utf8");
const tls = { cert: pem("server.pem"), key: pem("server-key.pem") };

async function viaProxy(t: TestContext, secure: boolean, options: TestProxyOptions = {}) {
  const server = await startFaultServer({ hostName, ...(secure ? { tls } : {}) });
  t.after(() => server[Symbol.asyncDispose]());
  const proxy = await startProxy(t, { hosts: [hostName], ...options });
  const network: NetworkProfile = {
    id: proxy.url,
    extraCa: pem("ca.pem"),
    httpProxy: proxy.url,
    httpsProxy: proxy.url,
    noProxy: [],
  };
  return { server, proxy, file: serve(server, "/model", content, { network }) };
}

describe("through a proxy", { timeout: 60_000 }, () => {
  test("plain HTTP is asked for in absolute form", async (t) => {
    const { proxy, file } = await viaProxy(t, false, { credentials: "user:pass" });
    await using target = await stagingTarget();
    await transfer([file], { target });
    assertFile(target.pathOf("model"), content);
    assert.ok(proxy.requests.length > 0 && proxy.requests.every((line) => line.startsWith(`GET http://${hostName}:`)));
  });

  test("HTTPS goes through tunnels", async (t) => {
    const { proxy, file } = await viaProxy(t, true, { credentials: "user:pass" });
    await using target = await stagingTarget();
    await transfer([file], { target });
    assertFile(target.pathOf("model"), content);
    assert.ok(proxy.requests.length > 0 && proxy.requests.every((line) => line.startsWith(`CONNECT ${hostName}:`)));
  });

  test("a proxy that wants other credentials is an error that says so, without them", async (t) => {
    const { file, proxy } = await viaProxy(t, true, { refuseWith: 407, credentials: "user:topsecret" });
    await using target = await stagingTarget();
    const error = await rejectsWith(transfer([file], { target }), "connection");
    assert.match(error.message, /proxy/);
    assert.doesNotMatch(`${error.message} ${error.stack}`, /topsecret/);
    assert.ok(proxy.requests.length <= 16);
  });
});
