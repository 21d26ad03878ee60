import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { ErrorCode } from "../../src/errors.ts";
import { directNetwork } from "../../src/network/network-profile.ts";
import { type OpenReadOptions, openRead } from "../../src/storage/open-read.ts";
import { readRange } from "../../src/storage/read-range.ts";
import type { HttpReadSource } from "../../src/storage/read-source.ts";
import type { Storage } from "../../src/storage/storage.ts";
import { systemClock } from "../../src/telemetry/clock.ts";
import { expectError } from "../../src/testing/conformance/index.ts";
import { bytesContent, generatedContent } from "../../src/testing/content/index.ts";
import {
  type FaultAction,
  type FaultRule,
  type FaultServer,
  startFaultServer,
} from "../../src/testing/fault-server/index.ts";

const size = 300_000;
const content = generatedContent({ seed: 7, size });
const whole = new Uint8Array(size);
content.read(0, whole);
const uri = { provider: "memory", bucket: "b", key: "file" } as const;
/** No waiting between attempts. */
const quick: OpenReadOptions = { clock: { ...systemClock, sleep: async () => {} }, random: () => 0 };

interface Setting {
  readonly server: FaultServer;
  readonly storage: Storage;
  /** How often the object was located. */
  readonly located: () => number;
}

async function serve(
  t: TestContext,
  rules: readonly FaultRule[],
  source: Partial<HttpReadSource> = {},
): Promise<Setting> {
  const server = await startFaultServer({ rules });
  t.after(() => server.close());
  server.put("/file", { content, etag: '"v1"' });
  let located = 0;
  const refuse = async (): Promise<never> => assert.fail("only locate is needed");
  const storage: Storage = {
    provider: "test",
    capabilities: {
      rangedReads: true,
      locates: true,
      orderedListing: true,
      delimiter: false,
      pinnedReads: true,
      digests: [],
      writes: false,
    },
    list: () => assert.fail("nothing is listed"),
    stat: async () => ({
      uri,
      key: "file",
      size,
      etag: '"v1"',
      digests: [],
      digestsFinal: true,
      directoryMarker: false,
    }),
    locate: async () => {
      located += 1;
      return {
        kind: "http",
        url: server.url(`/file?sign=${located}`),
        headers: { authorization: "secret" },
        expiresAt: Number.POSITIVE_INFINITY,
        secretUrl: true,
        dropHeadersOnRedirect: true,
        ifMatch: '"v1"',
        network: directNetwork,
        ...source,
      };
    },
    close: refuse,
  };
  return { server, storage, located: () => located };
}

async function assertReads({ storage }: Setting, offset = 0, length = size - offset): Promise<void> {
  const read = await readRange(storage, uri, { ...quick, offset, length });
  assert.ok(Buffer.from(whole.subarray(offset, offset + length)).equals(read));
}

test("asks for exactly the range, pinned and unencoded", async (t) => {
  const setting = await serve(t, []);
  await assertReads(setting, 1000, 500);
  const [request] = setting.server.requests;
  assert.equal(request?.headers["range"], "bytes=1000-1499");
  assert.equal(request?.headers["if-match"], '"v1"');
  assert.equal(request?.headers["accept-encoding"], "identity");
  assert.equal(request?.headers["authorization"], "secret");
});

const survivable: readonly [name: string, fault: FaultAction | readonly FaultAction[]][] = [
  ["a reset in the middle", { type: "reset", afterBytes: 100_000 }],
  ["a body that ends early", { type: "close", afterBytes: 100_000 }],
  ["a chunked body that ends early and cleanly", { type: "chunked", cutAfter: 100_000, clean: true }],
  ["a body without a length that ends early", { type: "close-delimited", cutAfter: 100_000 }],
  ["a 503", { type: "status", status: 503 }],
  ["a 429 with Retry-After", { type: "status", status: 429, retryAfter: 2 }],
  ["a 206 of other bytes", { type: "serve-range", startBy: 4096 }],
  ["a Content-Range that lies about its start", { type: "false-content-range", startBy: 1 }],
  ["an encoded answer", { type: "header", name: "content-encoding", value: "gzip" }],
  ["an HTML page", [{ type: "status", status: 200, body: "<html>login</html>", contentType: "text/html" }]],
];

for (const [name, fault] of survivable) {
  test(`survives ${name}`, async (t) => {
    const setting = await serve(t, [{ fault, times: 1 }]);
    await assertReads(setting, 10);
    assert.equal(setting.server.requests.length, 2);
  });
}

test("continues at the byte where the read broke", async (t) => {
  const setting = await serve(t, [{ fault: { type: "reset", afterBytes: 100_000 }, times: 2 }]);
  await assertReads(setting);
  assert.equal(setting.server.refetchedBytes("/file"), 0);
  assert.deepEqual(
    setting.server.requests.map((request) => request.headers["range"]),
    [`bytes=0-${size - 1}`, `bytes=100000-${size - 1}`, `bytes=200000-${size - 1}`],
  );
});

test("gives up after four attempts in a row without progress, and not before", async (t) => {
  const failing = await serve(t, [{ fault: { type: "status", status: 503 } }]);
  const error = await expectError(() => readRange(failing.storage, uri, quick), "unavailable");
  assert.equal(error.retry, "exhausted");
  assert.equal(error.attempts, 4);
  assert.equal(failing.server.requests.length, 4);
  const limping = await serve(t, [{ fault: { type: "reset", afterBytes: 30_000 }, times: 9 }]);
  await assertReads(limping);
});

test("takes the whole object from a server that ignores ranges", async (t) => {
  const setting = await serve(t, [{ fault: { type: "ignore-range" } }]);
  await assertReads(setting, 1234, 5678);
  await assertReads(setting);
});

test("takes a slice labelled as 200, and a slice that starts before the first byte wanted", async (t) => {
  await assertReads(await serve(t, [{ fault: { type: "slice-as-200" } }]), 1234, 5678);
  await assertReads(await serve(t, [{ fault: { type: "serve-range", startBy: -200 } }]), 1234, 5678);
});

const fatal: readonly [name: string, code: ErrorCode, fault: FaultAction | readonly FaultAction[]][] = [
  [
    "another version",
    "precondition_failed",
    { type: "object", object: { content: bytesContent("new"), etag: '"v2"' } },
  ],
  [
    "another version from a server that ignores If-Match",
    "precondition_failed",
    [
      { type: "object", object: { content: generatedContent({ seed: 8, size }), etag: '"v2"' } },
      { type: "ignore-preconditions" },
    ],
  ],
  ["another size", "precondition_failed", { type: "false-content-range", totalBy: 1 }],
  ["a missing object", "not_found", { type: "status", status: 404 }],
  ["refused credentials", "unauthenticated", { type: "status", status: 401 }],
  ["a range that is refused", "range_not_satisfiable", { type: "range-not-satisfiable" }],
  ["a redirect without Location", "protocol", { type: "redirect" }],
];

for (const [name, code, fault] of fatal) {
  test(`fails at once for ${name}`, async (t) => {
    const setting = await serve(t, [{ fault }]);
    const error = await expectError(() => readRange(setting.storage, uri, quick), code, "test");
    assert.equal(setting.server.requests.length, 1);
    assert.doesNotMatch(JSON.stringify({ ...error, message: error.message }), /sign=|secret/);
  });
}

test("holds later answers to the first one's etag when the source names none", async (t) => {
  const other = { content: generatedContent({ seed: 8, size }), etag: '"v2"' };
  const rules: FaultRule[] = [
    { fault: { type: "reset", afterBytes: 1000 }, times: 1 },
    { when: { range: { start: 1000 } }, fault: { type: "object", object: other } },
  ];
  const { storage } = await serve(t, rules, { ifMatch: undefined });
  await expectError(() => readRange(storage, uri, quick), "precondition_failed");
});

test("holds answers to the headers that the source expects", async (t) => {
  const { storage } = await serve(t, [], { expectHeaders: { "x-goog-generation": "1" } });
  await expectError(() => readRange(storage, uri, quick), "protocol");
});

test("locates anew when a signature is used up, and continues at the same byte", async (t) => {
  const setting = await serve(t, [
    { fault: { type: "reset", afterBytes: 100_000 }, times: 1 },
    { when: { usedUp: { parameter: "sign", bytes: 100_000 } }, fault: { type: "status", status: 403 } },
  ]);
  await assertReads(setting);
  assert.equal(setting.located(), 2);
  assert.equal(setting.server.refetchedBytes("/file"), 0);
});

test("locates anew before it uses a source that has expired", async (t) => {
  const expiresAt = systemClock.now() - 1;
  const setting = await serve(t, [{ fault: { type: "reset", afterBytes: 100_000 }, times: 1 }], { expiresAt });
  await assertReads(setting);
  assert.equal(setting.located(), 2);
});

test("follows redirects and keeps credentials from other origins", async (t) => {
  const other = await startFaultServer();
  t.after(() => other.close());
  other.put("/moved/file", { content, etag: '"v1"' });
  const relative = await serve(t, [{ when: { path: "/file" }, fault: { type: "redirect", location: "../moved?x=1" } }]);
  relative.server.put("/moved", { content, etag: '"v1"' });
  await assertReads(relative);
  assert.equal(relative.server.requests[1]?.headers["authorization"], "secret");
  const location = other.url("/moved/file");
  await assertReads(await serve(t, [{ fault: { type: "redirect", status: 307, location } }]), 5, 6);
  assert.equal(other.requests[0]?.headers["authorization"], undefined);
  assert.equal(other.requests[0]?.headers["range"], "bytes=5-10");
  await assertReads(await serve(t, [{ fault: { type: "redirect", location } }], { dropHeadersOnRedirect: false }));
  assert.equal(other.requests[1]?.headers["authorization"], "secret");
});

test("does not follow redirects in a circle", async (t) => {
  const { storage, server } = await serve(t, [{ fault: { type: "redirect", location: "/file" } }]);
  await expectError(() => readRange(storage, uri, quick), "protocol");
  assert.ok(server.requests.length <= 11);
});

test("ends a read under way when its signal aborts", async (t) => {
  const { storage, server } = await serve(t, [{ fault: { type: "stall", afterBytes: 50_000 } }]);
  const controller = new AbortController();
  const reading = expectError(() => readRange(storage, uri, { ...quick, signal: controller.signal }), "cancelled");
  await server.waitForBytes(50_000);
  controller.abort();
  await reading;
});

test("lets go of the connection when its reader stops early", async (t) => {
  const { storage, server } = await serve(t, [{ fault: { type: "stall", afterBytes: 200_000 } }]);
  let read = 0;
  for await (const chunk of openRead(storage, uri, quick)) {
    read += chunk.length;
    if (read > 100_000) break;
  }
  assert.ok(read < size);
  assert.equal(server.requests.length, 1);
});

test("waits as long as the server asks", async (t) => {
  const delays: number[] = [];
  const clock = { ...systemClock, sleep: async (ms: number) => void delays.push(ms) };
  const { storage } = await serve(t, [
    { when: { request: 1 }, fault: { type: "status", status: 429, retryAfter: 7 } },
    { when: { request: 2 }, fault: { type: "status", status: 503 } },
  ]);
  await readRange(storage, uri, { clock, random: () => 0.5 });
  assert.deepEqual(delays, [7000, 200]);
});

test("reads nothing of an empty range and asks nothing", async (t) => {
  const { storage, server } = await serve(t, []);
  assert.equal((await readRange(storage, uri, { offset: 10, length: 0 })).length, 0);
  assert.equal(server.requests.length, 0);
});
