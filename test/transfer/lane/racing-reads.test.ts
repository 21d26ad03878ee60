import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { crc32 } from "node:zlib";
import { directNetwork } from "../../../src/network/network-profile.ts";
import { Lane } from "../../../src/transfer/lane/lane.ts";
import type { LaneEvent, PartSpec, Run } from "../../../src/transfer/lane/lane-messages.ts";
import { scratchDirectory } from "../../support/scratch-directory.ts";

const data = randomBytes(1_000_000);
const begun = 100_000;

/** Answers each connection's request for a range with its head, and leaves the body to the test. */
async function server(
  t: TestContext,
): Promise<{ readonly port: number; answered(): Promise<readonly [Socket, number]> }> {
  const waiting: (readonly [Socket, number])[] = [];
  let wake = (): void => {};
  const listener = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", (request) => {
      const start = Number(/range: bytes=(\d+)-/.exec(request.toString("latin1"))?.[1]);
      socket.write(
        `HTTP/1.1 206 Partial Content\r\nContent-Range: bytes ${start}-${data.length - 1}/${data.length}\r\n` +
          `Content-Length: ${data.length - start}\r\n\r\n`,
      );
      waiting.push([socket, start]);
      wake();
    });
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  t.after(() => listener.close());
  return {
    port: (listener.address() as AddressInfo).port,
    answered: async () => {
      for (;;) {
        const next = waiting.shift();
        if (next !== undefined) return next;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}

async function race(t: TestContext) {
  const { port, answered } = await server(t);
  const path = join(await scratchDirectory(t), "x.part");
  const events: LaneEvent[] = [];
  const lane = new Lane(
    {
      bufferSize: 524_288,
      leanBufferSize: 131_072,
      bufferLimit: 8_388_608,
      stallTimeoutMs: 60_000,
      connectTimeoutMs: 60_000,
      tickMs: 10,
      fileMode: undefined,
      parallelSyncs: 1,
    },
    (batch) => events.push(...batch),
  );
  t.after(() => lane.handle({ type: "stop" }));
  const spec: PartSpec = {
    part: 1,
    start: 0,
    end: data.length,
    size: data.length,
    file: { kind: "create", path, mode: 0o600 },
    crc: "crc32",
    unitSize: data.length,
    cuts: [],
    spans: [],
    journal: undefined,
  };
  const run = (number: number, first: boolean): Run => ({
    run: number,
    scope: "test",
    route: { network: directNetwork, addresses: ["127.0.0.1"], fresh: true },
    works: [
      {
        part: 1,
        spec: first ? spec : undefined,
        read: {
          kind: "http",
          url: `http://127.0.0.1:${port}/x`,
          headers: {},
          ranged: true,
          ifMatch: undefined,
          expectHeaders: undefined,
        },
        answerTimeoutMs: 60_000,
      },
    ],
  });
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  lane.handle({ type: "run", run: run(1, true) });
  const [slow] = await answered();
  slow.write(data.subarray(0, begun));
  const received = (): number => events.reduce((sum, event) => sum + (event.type === "received" ? event.bytes : 0), 0);
  await until(() => received() === begun);
  lane.handle({ type: "run", run: run(2, false) });
  const [fast, start] = await answered();
  const done = async (): Promise<void> => {
    await until(() => events.filter(({ type }) => type === "run-done").length === 2);
    assert.deepEqual(await readFile(path), data);
    const pieces = events.filter((event) => event.type === "piece");
    assert.deepEqual(
      pieces.map(({ crc }) => crc),
      [crc32(data).toString(16).padStart(8, "0")],
    );
    assert.equal(events.filter(({ type }) => type === "part-done").length, 1);
    assert.ok(!events.some(({ type }) => type === "part-failed"));
  };
  return { slow, fast, start, done, until, received };
}

test("a second read begins where the first one stands, and overtakes it", async (t) => {
  const { fast, start, done } = await race(t);
  assert.equal(start, begun, "what lay in the buffer of the first is not read again");
  fast.write(data.subarray(start));
  await done();
});

test("the first read may win after all: what it has handed over in between is not lost", async (t) => {
  const { slow, done } = await race(t);
  slow.write(data.subarray(begun));
  await done();
});

test("both may deliver in turns", async (t) => {
  const { slow, fast, start, done, until, received } = await race(t);
  const step = async (socket: Socket, from: number, to: number): Promise<void> => {
    const before = received();
    socket.write(data.subarray(from, to));
    await until(() => received() === before + to - from);
  };
  await step(slow, begun, 300_000);
  await step(fast, start, 500_000);
  await step(slow, 300_000, 700_000);
  await step(fast, 500_000, 900_000);
  slow.write(data.subarray(700_000));
  await done();
});
