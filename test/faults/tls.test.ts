import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { directNetwork } from "../../src/network/network-profile.ts";
import { generatedContent, startFaultServer } from "../../src/testing/index.ts";
import { transfer } from "../../src/transfer/transfer.ts";
import { assertFile } from "./support/assert-file.ts";
import { serve } from "./support/http-file.ts";
import { rejectsWith } from "./support/rejects-with.ts";
import { stagingTarget } from "./support/staging-target.ts";
import { ioUnit, mebibyte } from "./support/units.ts";

const pem = (name: string): string => readFileSync(join(import.meta.dirname, "../support/tls", name), "utf8");
const key = pem("server-key.pem");
const trusting = { ...directNetwork, id: "test-ca", extraCa: pem("ca.pem") };
const content = generatedContent({ seed: 1, size: 20 * mebibyte + 3 });

describe("TLS", { concurrency: 2, timeout: 120_000 }, () => {
  test("[F38] an authority that is not known is an error that names it, after few connections", async () => {
    await using server = await startFaultServer({ tls: { cert: pem("server.pem"), key } });
    const file = serve(server, "/model", content);
    await using target = await stagingTarget();
    const error = await rejectsWith(transfer([file], { target }), "connection");
    assert.match(error.message, /model-agent test CA/);
    assert.equal(error.retry, "permanent");
    assert.equal(server.requests.length, 0);
    assert.ok(server.connections <= 16, `${server.connections} connections`);
  });

  test("[F38] with the authority given the same server works", async () => {
    await using server = await startFaultServer({ tls: { cert: pem("server.pem"), key } });
    const file = serve(server, "/model", content, { network: trusting });
    await using target = await stagingTarget();
    await transfer([file], { target });
    assertFile(target.pathOf("model"), content);
  });

  test("[F38] an expired certificate is an error that says so", async () => {
    await using server = await startFaultServer({ tls: { cert: pem("expired.pem"), key } });
    const file = serve(server, "/model", content, { network: trusting });
    await using target = await stagingTarget();
    const error = await rejectsWith(transfer([file], { target }), "connection");
    assert.match(error.message, /expired/);
    assert.equal(error.retry, "permanent");
  });

  test("[E1] [E6] resets and early ends in the middle of TLS records cost at most one I/O unit each", async () => {
    await using server = await startFaultServer({
      tls: { cert: pem("server.pem"), key },
      rules: [
        { when: { request: { every: 2 } }, times: 4, fault: { type: "reset", afterBytes: 3 * mebibyte + 1 } },
        { when: { request: { from: 2, every: 2 } }, times: 4, fault: { type: "close", afterBytes: 2 * mebibyte + 1 } },
      ],
    });
    const file = serve(server, "/model", content, { network: trusting });
    await using target = await stagingTarget();
    await transfer([file], { target });
    assertFile(target.pathOf("model"), content);
    const cuts = server.requests.filter(({ outcome }) => outcome === "reset" || outcome === "closed").length;
    assert.ok(cuts >= 2, `${cuts} cuts`);
    assert.ok(server.refetchedBytes("/model") <= cuts * ioUnit, `${server.refetchedBytes("/model")} bytes twice`);
  });
});
