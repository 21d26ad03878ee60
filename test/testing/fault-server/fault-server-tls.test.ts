import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Agent, request } from "undici";
import { generatedContent, startFaultServer } from "../../../src/testing/index.ts";

const read = (name: string): string => readFileSync(join(import.meta.dirname, "../../support/tls", name), "utf8");
const tls = { cert: read("server.pem"), key: read("server-key.pem") };

test("the same faults over TLS: whole answers, resets after so many bytes, early ends, outages", async () => {
  const content = generatedContent({ seed: 1, size: 400_000 });
  const whole = Buffer.alloc(content.size);
  content.read(0, whole);
  await using server = await startFaultServer({
    tls,
    rules: [
      { when: { request: 2 }, fault: { type: "reset", afterBytes: 100_000 } },
      { when: { request: 3 }, fault: { type: "close", afterBytes: 100_000 } },
      { when: { request: 4 }, fault: { type: "stall", afterBytes: 100_000 } },
    ],
  });
  server.put("/a", content);
  const dispatcher = new Agent({ connect: { ca: read("ca.pem"), servername: "localhost" } });
  const received: Buffer[] = [];
  const fetchOnce = async (signal?: AbortSignal): Promise<Buffer> => {
    received.length = 0;
    const { body } = await request(server.url("/a"), { dispatcher, signal: signal ?? null });
    for await (const chunk of body) received.push(chunk);
    return Buffer.concat(received);
  };
  assert.match(server.origin, /^https:/);
  assert.deepEqual(await fetchOnce(), whole);
  await assert.rejects(fetchOnce());
  assert.equal(server.requests[1]?.outcome, "reset");
  assert.deepEqual(Buffer.concat(received), whole.subarray(0, 100_000));
  await assert.rejects(fetchOnce());
  assert.equal(server.requests[2]?.outcome, "closed");
  assert.deepEqual(Buffer.concat(received), whole.subarray(0, 100_000));
  const stalled = assert.rejects(fetchOnce());
  await server.waitForBytes(700_000);
  await server.outage(20, "reset");
  await stalled;
  assert.deepEqual(await fetchOnce(), whole);
  await dispatcher.destroy();
});
