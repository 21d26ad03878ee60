import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { Agent, request } from "undici";
import {
  bytesContent,
  contentDigest,
  fileContent,
  generatedContent,
  joinedContent,
} from "../../../src/testing/content/index.ts";
import { startFaultServer } from "../../../src/testing/fault-server/index.ts";
import { get, rawExchange } from "./raw-client.ts";

const size = 300_000;
const object = generatedContent({ seed: 7, size });
const whole = Buffer.alloc(size);
object.read(0, whole);

describe("without a script", () => {
  test("an object is served whole with its validator", async () => {
    await using server = await startFaultServer();
    server.put("/a", { content: object, etag: '"v1"', headers: { "x-extra": "1" } });
    const answer = await request(server.url("/a"));
    assert.equal(answer.statusCode, 200);
    assert.equal(answer.headers["content-length"], String(size));
    assert.equal(answer.headers["etag"], '"v1"');
    assert.equal(answer.headers["x-extra"], "1");
    assert.deepEqual(Buffer.from(await answer.body.arrayBuffer()), whole);
    assert.equal(server.bytesServed("/a"), size);
  });

  test("buffers, texts and files are objects too", async () => {
    const path = join(tmpdir(), `fault-server-${process.pid}`);
    await writeFile(path, "from a file");
    await using server = await startFaultServer();
    server.put("/text", "hello");
    server.put("/bytes", Buffer.from([1, 2, 3]));
    server.put("/file", fileContent(path));
    server.put("/joined", joinedContent([bytesContent("head "), bytesContent("tail")]));
    const read = async (url: string): Promise<string> => (await request(url)).body.text();
    assert.equal(await read(server.url("/text")), "hello");
    assert.equal(await read(server.url("/bytes")), "\x01\x02\x03");
    assert.equal(await read(server.url("/file")), "from a file");
    assert.equal(await read(server.url("/joined")), "head tail");
  });

  for (const [range, status, expected] of [
    ["bytes=0-9", "206", "bytes 0-9/300000"],
    ["bytes=299990-", "206", "bytes 299990-299999/300000"],
    ["bytes=299990-400000", "206", "bytes 299990-299999/300000"],
    ["bytes=-5", "206", "bytes 299995-299999/300000"],
    ["bytes=300000-", "416", "bytes */300000"],
    ["bytes=5-2", "200", undefined],
    ["bytes=0-1,5-6", "200", undefined],
    ["lines=0-1", "200", undefined],
  ] as const) {
    test(`Range ${range} is answered with ${status}`, async () => {
      await using server = await startFaultServer();
      server.put("/a", object);
      const answer = await request(server.url("/a"), { headers: { range } });
      const body = Buffer.from(await answer.body.arrayBuffer());
      assert.equal(String(answer.statusCode), status);
      assert.equal(answer.headers["content-range"], expected);
      const [, first, last] = /bytes (\d+)-(\d+)/.exec(expected ?? "") ?? [];
      if (first !== undefined) assert.deepEqual(body, whole.subarray(Number(first), Number(last) + 1));
      if (status === "200") assert.deepEqual(body, whole);
    });
  }

  test("preconditions, missing objects, other methods and bad requests have their status", async () => {
    await using server = await startFaultServer();
    server.put("/a", { content: object, etag: '"v1"' });
    const status = async (path: string, init: Parameters<typeof request>[1] = {}): Promise<number> => {
      const answer = await request(server.url(path), init);
      await answer.body.dump();
      return answer.statusCode;
    };
    assert.equal(await status("/a", { headers: { "if-match": '"v1"' } }), 200);
    assert.equal(await status("/a", { headers: { "if-match": '"v0"' } }), 412);
    assert.equal(await status("/a", { headers: { "if-range": '"v0"', range: "bytes=1-2" } }), 200);
    assert.equal(await status("/a", { method: "HEAD" }), 200);
    assert.equal(await status("/a", { method: "DELETE" }), 405);
    assert.equal(await status("/missing"), 404);
    server.remove("/a");
    assert.equal(await status("/a"), 404);
    assert.match((await rawExchange(server.port, "nonsense\r\n\r\n")).text, /^HTTP\/1\.1 400 /);
  });

  test("connections are kept alive and pipelined requests answered in order", async () => {
    await using server = await startFaultServer();
    server.put("/a", "first");
    server.put("/b", "second");
    const keepAlive = get("/a").replace("Connection: close\r\n", "");
    const { text } = await rawExchange(server.port, keepAlive + get("/b"));
    assert.ok(text.indexOf("first") < text.indexOf("second"));
    assert.equal(server.connections, 1);
    assert.deepEqual(
      server.requests.map((each) => [each.number, each.path, each.connection, each.outcome]),
      [
        [1, "/a", 1, "complete"],
        [2, "/b", 1, "complete"],
      ],
    );
  });

  test("every request is recorded with what was asked and sent", async () => {
    await using server = await startFaultServer();
    server.put("/a", object);
    await rawExchange(server.port, get("/a?sig=1", { Range: "bytes=10-19", "X-Test": "yes" }));
    const [record] = server.requestsTo("/a");
    assert.ok(record);
    assert.equal(record.query.get("sig"), "1");
    assert.equal(record.headers["x-test"], "yes");
    assert.equal(record.status, 206);
    assert.equal(record.start, 10);
    assert.equal(record.bodyBytes, 10);
    assert.ok(record.endedAt !== undefined && record.endedAt >= record.startedAt);
  });

  test("bytes that were sent twice are counted", async () => {
    await using server = await startFaultServer();
    server.put("/a", object);
    for (const range of ["0-99", "50-149", "60-69", "200-299"]) {
      await rawExchange(server.port, get("/a", { Range: `bytes=${range}` }));
    }
    assert.equal(server.refetchedBytes("/a"), 60);
  });

  test("waiting for a number of sent bytes ends when they are sent", async () => {
    await using server = await startFaultServer();
    server.put("/a", object);
    const waiting = server.waitForBytes(size, "/a");
    await rawExchange(server.port, get("/a"));
    await waiting;
    await server.waitForBytes(1);
  });

  test("an object of 3 TB has bytes at its end", async () => {
    await using server = await startFaultServer();
    const huge = generatedContent({ seed: 1, size: 3e12 });
    server.put("/huge", huge);
    const { body } = await rawExchange(server.port, get("/huge", { Range: "bytes=2999999990000-2999999999999" }));
    const expected = Buffer.alloc(10_000);
    huge.read(2_999_999_990_000, expected);
    assert.deepEqual(body, expected);
  });
});

describe("addresses and outages", () => {
  test("one name leads to several addresses of which one never answers", async () => {
    const addresses = ["127.0.0.2", "127.0.0.3"];
    await using server = await startFaultServer({ addresses, deadAddresses: ["127.0.0.3"], hostName: "models.test" });
    server.put("/a", "alive");
    assert.equal(server.origin, `http://models.test:${server.port}`);
    const found = await new Promise((resolve) =>
      server.lookup("models.test", { all: true }, (_error, all) => resolve(all)),
    );
    assert.deepEqual(
      found,
      addresses.map((address) => ({ address, family: 4 })),
    );
    const agent = new Agent({ connect: { lookup: server.lookup, autoSelectFamily: false } });
    assert.equal(await (await request(server.url("/a"), { dispatcher: agent })).body.text(), "alive");
    assert.equal(server.requests[0]?.serverAddress, "127.0.0.2");
    await agent.close();

    const socket = connect(server.port, "127.0.0.3");
    await new Promise((resolve) => socket.once("connect", resolve));
    socket.write(get("/a"));
    const answered = await Promise.race([
      new Promise((resolve) => socket.once("data", () => resolve(true))),
      new Promise((resolve) => setTimeout(() => resolve(false), 100)),
    ]);
    socket.destroy();
    assert.equal(answered, false);
    assert.equal(server.requests.length, 1);
    assert.equal(server.connections, 2);
  });

  for (const mode of ["refuse", "reset"] as const) {
    test(`an outage of mode ${mode} breaks what is open and ends by itself`, async () => {
      await using server = await startFaultServer({
        rules: [{ times: 1, fault: { type: "stall", afterBytes: 1000 } }],
      });
      server.put("/a", object);
      const cut = rawExchange(server.port, get("/a"));
      await server.waitForBytes(1000);
      const out = server.outage(100, mode);
      assert.equal((await cut).end, "reset");
      assert.equal((await rawExchange(server.port, get("/a"))).text, "");
      await out;
      assert.deepEqual((await rawExchange(server.port, get("/a"))).body, whole);
    });
  }

  test("an outage of mode silent accepts and never answers", async () => {
    await using server = await startFaultServer();
    server.put("/a", object);
    const out = server.outage(100, "silent");
    const silent = await rawExchange(server.port, get("/a"));
    assert.deepEqual([silent.text, silent.end], ["", "reset"]);
    await out;
    assert.deepEqual((await rawExchange(server.port, get("/a"))).body, whole);
  });

  test("no more than the window is sent ahead of a client that does not read", async () => {
    await using server = await startFaultServer({ window: 500_000 });
    server.put("/a", generatedContent({ seed: 1, size: 20_000_000 }));
    const socket = connect(server.port, "127.0.0.1", () => socket.write(get("/a")));
    socket.pause();
    await server.waitForBytes(300_000);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const ahead = server.bytesServed();
    // The client's own runtime reads up to one buffer of 64 KiB ahead.
    assert.ok(ahead <= 500_000 + 65_536, `${ahead} bytes`);
    socket.resume();
    await new Promise((resolve) => socket.once("close", resolve));
    assert.equal(server.bytesServed(), 20_000_000);
  });

  test("bandwidth is shared by all connections", async () => {
    await using server = await startFaultServer({ bandwidth: 1_000_000 });
    server.put("/a", generatedContent({ seed: 1, size: 250_000 }));
    const start = performance.now();
    await Promise.all([rawExchange(server.port, get("/a")), rawExchange(server.port, get("/a"))]);
    assert.ok(performance.now() - start > 200);
  });
});

test("generated content is the same wherever reading starts, and differs by seed and place", () => {
  const content = generatedContent({ seed: 3, size: 5_000_000 });
  const all = Buffer.alloc(content.size);
  content.read(0, all);
  for (const [offset, length] of [
    [0, 1],
    [3, 7],
    [4090, 20],
    [1_048_570, 9],
    [2_097_000, 1_100_000],
  ] as const) {
    const piece = Buffer.alloc(length);
    content.read(offset, piece);
    assert.deepEqual(piece, all.subarray(offset, offset + length));
  }
  assert.notEqual(
    contentDigest(content, "crc32"),
    contentDigest(generatedContent({ seed: 4, size: 5_000_000 }), "crc32"),
  );
  const blocks = new Set<string>();
  for (let offset = 0; offset < all.length; offset += 4096) blocks.add(all.toString("latin1", offset, offset + 4096));
  assert.equal(blocks.size, Math.ceil(all.length / 4096));
});
