import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import { Agent, request } from "undici";
import { generatedContent } from "../../../src/testing/content/index.ts";
import { type FaultRule, type FaultServer, startFaultServer } from "../../../src/testing/fault-server/index.ts";
import { get, rawExchange } from "./raw-client.ts";

const size = 300_000;
const object = generatedContent({ seed: 7, size });
const whole = Buffer.alloc(size);
object.read(0, whole);

async function withRules(...rules: FaultRule[]): Promise<FaultServer> {
  const server = await startFaultServer({ rules });
  server.put("/a", { content: object, etag: '"v1"' });
  return server;
}

describe("broken connections", () => {
  test("RST after exactly so many bytes, all of which the client could read", async () => {
    await using server = await withRules({ fault: { type: "reset", afterBytes: 200_001 } });
    const { body, end } = await rawExchange(server.port, get("/a"));
    assert.equal(end, "reset");
    assert.deepEqual(body, whole.subarray(0, 200_001));
    assert.equal(server.requests[0]?.outcome, "reset");
  });

  test("RST before the head", async () => {
    await using server = await withRules({ fault: { type: "reset" } });
    const { text, end } = await rawExchange(server.port, get("/a"));
    assert.deepEqual([text, end], ["", "reset"]);
  });

  test("RST counted over the answers of a connection", async () => {
    await using server = await withRules({ fault: { type: "reset", afterBytes: 150, countedOn: "connection" } });
    const first = get("/a", { Range: "bytes=0-99" }).replace("Connection: close\r\n", "");
    const { end } = await rawExchange(server.port, first + get("/a", { Range: "bytes=100-199" }));
    assert.equal(end, "reset");
    assert.deepEqual(
      server.requests.map((each) => [each.bodyBytes, each.outcome]),
      [
        [100, "complete"],
        [50, "reset"],
      ],
    );
  });

  test("FIN before the promised end", async () => {
    await using server = await withRules({ fault: { type: "close", afterBytes: 5000 } });
    const { text, body, end } = await rawExchange(server.port, get("/a"));
    assert.equal(end, "fin");
    assert.match(text, /Content-Length: 300000\r\n/);
    assert.deepEqual(body, whole.subarray(0, 5000));
  });

  test("silence for a while, and for ever", async () => {
    await using server = await withRules(
      { when: { request: 1 }, fault: { type: "stall", afterBytes: 10, ms: 80 } },
      { when: { request: 2 }, fault: { type: "stall", afterBytes: 10 } },
      { when: { request: 3 }, fault: { type: "stall" } },
    );
    const start = performance.now();
    assert.deepEqual((await rawExchange(server.port, get("/a"))).body, whole);
    assert.ok(performance.now() - start >= 75);
    for (const sent of [10, 0]) {
      const given = new AbortController();
      const bytes = server.bytesServed() + sent;
      const reading = request(server.url("/a"), { signal: given.signal }).then((answer) => answer.body.arrayBuffer());
      const failed = assert.rejects(reading);
      const count = server.requests.length;
      while (server.requests.length === count || server.bytesServed() < bytes) await sleep(5);
      given.abort();
      await failed;
      const record = server.requests.at(-1);
      while (record?.outcome === "open") await sleep(5);
      assert.deepEqual([record?.bodyBytes, record?.outcome], [sent, "abandoned"]);
    }
  });

  test("a slow connection, from some byte on", async () => {
    await using server = await withRules({ fault: { type: "slow", bytesPerSecond: 500_000, afterBytes: 200_000 } });
    const start = performance.now();
    assert.deepEqual((await rawExchange(server.port, get("/a"))).body, whole);
    assert.ok(performance.now() - start > 150);
  });

  test("a delay before the head is a stall that ends", async () => {
    await using server = await withRules({ fault: { type: "stall", ms: 60 } });
    const start = performance.now();
    assert.deepEqual((await rawExchange(server.port, get("/a"))).body, whole);
    assert.ok(performance.now() - start >= 55);
  });

  test("an outage begins with a request", async () => {
    await using server = await withRules({ times: 1, fault: { type: "outage", ms: 50, mode: "reset" } });
    assert.equal((await rawExchange(server.port, get("/a"))).end, "reset");
  });
});

describe("statuses", () => {
  test("a status with Retry-After in seconds or as a date, headers and body", async () => {
    await using server = await withRules(
      { when: { request: 1 }, fault: { type: "status", status: 503, retryAfter: 2 } },
      {
        when: { request: 2 },
        fault: {
          type: "status",
          status: 429,
          retryAfter: 60,
          retryAfterAsDate: true,
          headers: { RateLimit: '"api";r=0;t=20' },
          body: "<html>",
          contentType: "text/html",
        },
      },
    );
    const slow = await request(server.url("/a"));
    assert.equal(slow.statusCode, 503);
    assert.equal(slow.headers["retry-after"], "2");
    assert.match(await slow.body.text(), /<Code>SlowDown<\/Code>/);
    const limited = await request(server.url("/a"));
    assert.equal(limited.statusCode, 429);
    const waitMs = Date.parse(String(limited.headers["retry-after"])) - Date.now();
    assert.ok(waitMs > 50_000 && waitMs <= 60_000, `${waitMs} ms`);
    assert.equal(limited.headers["ratelimit"], '"api";r=0;t=20');
    assert.equal(limited.headers["content-type"], "text/html");
    assert.equal(await limited.body.text(), "<html>");
  });

  test("redirects with and without Location", async () => {
    await using server = await withRules(
      { when: { request: 1 }, fault: { type: "redirect", status: 307, location: "../b?x=1" } },
      { when: { request: 2 }, fault: { type: "redirect" } },
    );
    const first = await request(server.url("/a"));
    assert.deepEqual([first.statusCode, first.headers["location"]], [307, "../b?x=1"]);
    const second = await request(server.url("/a"));
    assert.deepEqual([second.statusCode, second.headers["location"]], [302, undefined]);
  });

  test("416, interim answers and a changed object", async () => {
    await using server = await withRules(
      { when: { request: 1 }, fault: { type: "range-not-satisfiable" } },
      { when: { request: 2 }, fault: { type: "informational", statuses: [100, 103] } },
      { when: { request: { from: 3 } }, fault: { type: "object", object: { content: object, etag: '"v2"' } } },
      { when: { request: { from: 4 } }, fault: { type: "ignore-preconditions" } },
    );
    const first = await request(server.url("/a"));
    assert.deepEqual([first.statusCode, first.headers["content-range"]], [416, "bytes */300000"]);
    const { text } = await rawExchange(server.port, get("/a"));
    assert.match(text, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 103 Early Hints\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
    const headers = { "if-match": '"v1"' };
    assert.equal((await request(server.url("/a"), { headers })).statusCode, 412);
    const ignored = await request(server.url("/a"), { headers });
    assert.deepEqual([ignored.statusCode, ignored.headers["etag"]], [200, '"v2"']);
  });
});

describe("wrong answers to a range", () => {
  const ranged = get("/a", { Range: "bytes=10000-19999" });
  const cases: readonly [string, FaultRule["fault"], RegExp, Buffer][] = [
    ["the whole object", { type: "ignore-range" }, /^HTTP\/1\.1 200 OK\r\n(?!.*Content-Range)/s, whole],
    [
      "status 200 with the slice",
      { type: "slice-as-200" },
      /^HTTP\/1\.1 200 .*Content-Range: bytes 10000-19999\/300000/s,
      whole.subarray(10_000, 20_000),
    ],
    [
      "a slice that starts earlier",
      { type: "serve-range", startBy: -4096 },
      /206 .*Content-Range: bytes 5904-19999\/300000.*Content-Length: 14096/s,
      whole.subarray(5904, 20_000),
    ],
    [
      "a slice from the start of the object",
      { type: "serve-range", start: 0 },
      /206 .*Content-Range: bytes 0-19999\/300000/s,
      whole.subarray(0, 20_000),
    ],
    [
      "a false Content-Range",
      { type: "false-content-range", startBy: 1, endBy: 2, totalBy: 3 },
      /206 .*Content-Range: bytes 10001-20001\/300003/s,
      whole.subarray(10_000, 20_000),
    ],
    [
      "an inverted bit",
      { type: "flip-bit", offset: 10_001 },
      /206 /,
      Buffer.concat([
        whole.subarray(10_000, 10_001),
        Buffer.from([(whole[10_001] ?? 0) ^ 1]),
        whole.subarray(10_002, 20_000),
      ]),
    ],
    [
      "more bytes than promised",
      { type: "extra-bytes", count: 3 },
      /Content-Length: 10000\r\n/,
      Buffer.concat([whole.subarray(10_000, 20_000), Buffer.from("xxx")]),
    ],
  ];
  for (const [name, fault, head, body] of cases) {
    test(name, async () => {
      await using server = await withRules({ fault });
      const answer = await rawExchange(server.port, ranged);
      assert.match(answer.text, head);
      assert.deepEqual(answer.body, body);
    });
  }

  test("an HTML page under a 206, with its own length or padded to the slice's", async () => {
    await using server = await withRules(
      { when: { request: 1 }, fault: { type: "html-page" } },
      { when: { request: 2 }, fault: { type: "html-page", padded: true } },
    );
    const short = await rawExchange(server.port, ranged);
    assert.match(short.text, /^HTTP\/1\.1 206 .*Content-Type: text\/html/s);
    assert.match(short.body.toString(), /^<!DOCTYPE html>.*<\/html>$/);
    const padded = await rawExchange(server.port, ranged);
    assert.equal(padded.body.length, 10_000);
  });

  test("gzip unless nothing but identity is accepted", async () => {
    await using server = await withRules({ fault: { type: "gzip" } });
    const headers = { range: "bytes=0-9" };
    const zipped = await request(server.url("/a"), { headers: { ...headers, "accept-encoding": "gzip, identity" } });
    assert.deepEqual([zipped.statusCode, zipped.headers["content-encoding"]], [200, "gzip"]);
    assert.deepEqual(gunzipSync(Buffer.from(await zipped.body.arrayBuffer())), whole);
    const plain = await request(server.url("/a"), { headers: { ...headers, "accept-encoding": "identity" } });
    assert.equal(plain.statusCode, 206);
    assert.deepEqual(Buffer.from(await plain.body.arrayBuffer()), whole.subarray(0, 10));
  });
});

describe("framing and heads", () => {
  test("chunked, whole, cut cleanly and cut without the closing chunk", async () => {
    await using server = await withRules(
      { when: { request: 1 }, fault: { type: "chunked" } },
      { when: { request: 2 }, fault: { type: "chunked", cutAfter: 1000, clean: true } },
      { when: { request: 3 }, fault: { type: "chunked", cutAfter: 1000 } },
    );
    const read = async (): Promise<Buffer> => {
      const answer = await request(server.url("/a"), { dispatcher: new Agent() });
      assert.equal(answer.headers["content-length"], undefined);
      return Buffer.from(await answer.body.arrayBuffer());
    };
    assert.deepEqual(await read(), whole);
    assert.deepEqual(await read(), whole.subarray(0, 1000));
    await assert.rejects(read());
  });

  test("HTTP/1.0 without a length, whole and cut", async () => {
    await using server = await withRules(
      { when: { request: 1 }, fault: { type: "close-delimited" } },
      { when: { request: 2 }, fault: { type: "close-delimited", cutAfter: 1000 } },
    );
    const first = await rawExchange(server.port, get("/a"));
    assert.match(first.text, /^HTTP\/1\.0 200 OK\r\n/);
    assert.doesNotMatch(first.text.slice(0, 300), /Content-Length/);
    assert.deepEqual(first.body, whole);
    assert.deepEqual((await rawExchange(server.port, get("/a"))).body, whole.subarray(0, 1000));
  });

  test("headers are set and left out; without Content-Length the connection ends the body", async () => {
    await using server = await withRules({
      fault: [
        { type: "header", name: "etag", value: '"other"' },
        { type: "header", name: "X-Long", value: "x".repeat(100_000) },
        { type: "header", name: "Content-Length", value: undefined },
      ],
    });
    const { text } = await rawExchange(server.port, get("/a"));
    const head = text.slice(0, text.indexOf("\r\n\r\n"));
    assert.match(head, /etag: "other"/);
    assert.doesNotMatch(head, /ETag: /);
    assert.match(head, /X-Long: x{100000}/);
    assert.doesNotMatch(head, /Content-Length/);
  });

  test("a head in pieces", async () => {
    await using server = await withRules({ fault: { type: "split-head", bytes: 20, delayMs: 2 } });
    const start = performance.now();
    assert.deepEqual((await rawExchange(server.port, get("/a"))).body, whole);
    assert.ok(performance.now() - start > 10);
  });
});

describe("when a rule strikes", () => {
  const failing = { type: "status", status: 500 } as const;
  const statuses = async (server: FaultServer, requests: readonly string[]): Promise<string> => {
    const found: string[] = [];
    for (const text of requests) found.push((await rawExchange(server.port, text)).text.slice(9, 12));
    return found.join(" ");
  };

  test("by path, method, header and range", async () => {
    await using server = await withRules(
      { when: { path: /b$/ }, fault: failing },
      { when: { method: "HEAD" }, fault: failing },
      { when: { headers: { "x-fail": "yes" } }, fault: failing },
      { when: { range: { start: 5 }, ranged: true }, fault: failing },
      { when: { range: { overlaps: [100, 200] }, ranged: true }, fault: failing },
    );
    const range = (value: string): string => get("/a", { Range: `bytes=${value}` });
    const asked = [get("/a"), get("/b"), get("/a").replace("GET", "HEAD"), get("/a", { "X-Fail": "yes" })];
    assert.equal(await statuses(server, asked), "200 500 500 500");
    const ranges = ["5-9", "6-9", "0-99", "0-100", "199-300", "200-300"].map(range);
    assert.equal(await statuses(server, ranges), "500 206 206 500 500 206");
  });

  test("by the number of the request, of the connection, and so many times", async () => {
    await using server = await withRules(
      { when: { request: { from: 2, to: 6, every: 2 } }, fault: failing },
      { when: { connection: 7 }, fault: failing },
    );
    assert.equal(await statuses(server, Array(8).fill(get("/a"))), "200 500 200 500 200 500 500 200");
    const rule = server.addRule({ times: 2, fault: failing });
    assert.equal(await statuses(server, Array(3).fill(get("/a"))), "500 500 200");
    assert.equal(rule.applied, 2);
    const always = server.addRule({ fault: failing });
    assert.equal(await statuses(server, [get("/a")]), "500");
    always.remove();
    assert.equal(await statuses(server, [get("/a")]), "200");
  });

  test("by address", async () => {
    await using server = await startFaultServer({
      addresses: ["127.0.0.2", "127.0.0.3"],
      rules: [{ when: { serverAddress: "127.0.0.3", clientAddress: "127.0.0.1" }, fault: failing }],
    });
    server.put("/a", object);
    const local = async (host: string): Promise<string> =>
      (await rawExchange(server.port, get("/a"), host)).text.slice(9, 12);
    assert.equal(await local("127.0.0.2"), "200");
    assert.equal(await local("127.0.0.3"), server.requests[1]?.faults.length === 1 ? "500" : "200");
  });

  test("after so many bytes, and when a signature is used up", async () => {
    await using server = await withRules(
      { when: { usedUp: { parameter: "sig", bytes: 1000 } }, fault: { type: "status", status: 403 } },
      { when: { usedUp: { header: "authorization", requests: 2 }, headers: { authorization: /./ } }, fault: failing },
      { when: { bytesServed: 4000 }, fault: failing },
    );
    const signed = (sig: number): string => get(`/a?sig=${sig}`, { Range: "bytes=0-999" });
    assert.equal(await statuses(server, [signed(1), signed(1), signed(2), signed(2)]), "206 403 206 403");
    const authorized = get("/a", { Authorization: "x", Range: "bytes=0-9" });
    assert.equal(await statuses(server, [authorized, authorized, authorized]), "206 206 500");
    assert.equal(await statuses(server, [signed(3), signed(4), signed(5)]), "206 206 500");
  });

  test("by chance that a seed repeats", async () => {
    const pattern = async (seed: number): Promise<string> => {
      await using server = await startFaultServer({ seed, rules: [{ when: { probability: 0.3 }, fault: failing }] });
      server.put("/a", "x");
      return await statuses(server, Array(40).fill(get("/a")));
    };
    const first = await pattern(5);
    assert.equal(await pattern(5), first);
    assert.notEqual(await pattern(6), first);
    const failures = first.split("500").length - 1;
    assert.ok(failures > 4 && failures < 22, first);
  });
});
