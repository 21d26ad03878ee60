import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdir, readFile, realpath, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, test } from "node:test";
import { StorageError } from "../../src/errors.ts";
import { silentLogger } from "../../src/telemetry/logger.ts";
import { bytesContent, generatedContent, startFaultServer } from "../../src/testing/index.ts";
import { transfer } from "../../src/transfer/transfer.ts";
import type { TransferEvent, TransferFile, TransferSource } from "../../src/transfer/transfer-types.ts";
import { assertFile } from "../faults/support/assert-file.ts";
import { httpSource, serve, statedDigest } from "../faults/support/http-file.ts";
import { rejectsWith } from "../faults/support/rejects-with.ts";
import { stagingTarget } from "../faults/support/staging-target.ts";
import { scratchDirectory } from "../support/scratch-directory.ts";

const mebibyte = 1024 * 1024;

function source(more: Partial<TransferSource>): TransferSource {
  return {
    id: "test",
    provider: "test",
    scope: "test",
    target: "test://x",
    pin: { size: 0 },
    locate: () => Promise.reject(new Error("not located")),
    ...more,
  };
}

function fileOf(bytes: Uint8Array, ...sources: readonly [TransferSource, ...TransferSource[]]): TransferFile {
  return {
    path: "dir/model",
    size: bytes.length,
    digests: [statedDigest(bytesContent(bytes), "sha256")],
    priority: 0,
    sources,
  };
}

describe("a defect while a source is given up", () => {
  const lost = new StorageError({ code: "not_found", operation: "locate", detail: "it is gone", hint: "" });
  const logger = {
    ...silentLogger,
    warn: () => {
      throw new RangeError("the log is full");
    },
  };

  for (const failing of ["located", "redirected"] as const) {
    test(`ends the transfer and not the process, when it cannot be ${failing}`, async () => {
      await using server = await startFaultServer({
        rules: [{ when: { path: "/moved" }, fault: { type: "redirect", location: "http://elsewhere.test/" } }],
      });
      const content = generatedContent({ seed: 1, size: 1000 });
      const good = serve(server, "/good", content).sources[0];
      const moved = serve(server, "/moved", content).sources[0];
      const bad = failing === "located" ? source({ locate: () => Promise.reject(lost) }) : { ...moved, id: "moved" };
      const file = { path: "model", size: content.size, digests: [], priority: 0, sources: [bad, good] } as const;
      await using target = await stagingTarget();
      const resolveHost = async (host: string) => (host === "127.0.0.1" ? [host] : Promise.reject(lost));
      await assert.rejects(transfer([file], { target, logger, maxAttempts: 1, resolveHost }), /the log is full/);
    });
  }
});

describe("sources that are no HTTP", () => {
  for (const size of [1, 100_000, 20 * mebibyte + 3]) {
    test(`bytes in memory, ${size} of them`, async () => {
      const bytes = randomBytes(size);
      await using target = await stagingTarget();
      const result = await transfer([fileOf(bytes, source({ locate: async () => ({ kind: "bytes", bytes }) }))], {
        target,
      });
      assert.deepEqual(await readFile(target.pathOf("dir/model")), bytes);
      assert.equal(result.files[0]?.verification.by, "source");
      assert.equal(result.fetchedBytes, size);
      assert.deepEqual(await target.staged(), []);
    });

    test(`a file of this machine, ${size} bytes`, async (t) => {
      const bytes = randomBytes(size);
      const path = join(await scratchDirectory(t), "source");
      await writeFile(path, bytes);
      await using target = await stagingTarget();
      await transfer([fileOf(bytes, source({ locate: async () => ({ kind: "file", path }) }))], { target });
      assert.deepEqual(await readFile(target.pathOf("dir/model")), bytes);
    });
  }

  test("a file that is not there, and one that is shorter than it was listed", async (t) => {
    const directory = await scratchDirectory(t);
    await writeFile(join(directory, "short"), "abc");
    await using target = await stagingTarget();
    const read = (name: string): Promise<unknown> =>
      transfer(
        [fileOf(randomBytes(10), source({ locate: async () => ({ kind: "file", path: join(directory, name) }) }))],
        {
          target,
          maxAttempts: 2,
        },
      );
    await rejectsWith(read("missing"), "not_found");
    await rejectsWith(read("short"), "truncated");
    assert.deepEqual(target.published, []);
  });

  test("a file whose directory was exchanged for a link is not read", {
    skip: process.platform !== "linux",
  }, async (t) => {
    const directory = await realpath(await scratchDirectory(t));
    await mkdir(join(directory, "private"));
    await writeFile(join(directory, "private", "model"), "secret");
    await symlink("private", join(directory, "public"));
    const path = join(directory, "public", "model");
    await using target = await stagingTarget();
    const moving = (plain: boolean) =>
      transfer(
        [{ ...fileOf(Buffer.from("secret"), source({ locate: async () => ({ kind: "file", path, plain }) })) }],
        {
          target,
        },
      );
    await rejectsWith(moving(true), "precondition_failed");
    assert.deepEqual(target.published, []);
    await moving(false);
  });

  test("a stream, from where it broke", async () => {
    const bytes = randomBytes(20 * mebibyte);
    const offsets: number[] = [];
    const stream = source({
      read: async function* ({ offset }) {
        offsets.push(offset);
        const end = offsets.length === 1 ? 5_000_000 : bytes.length;
        for (let at = offset; at < end; at += 65_536) yield bytes.subarray(at, Math.min(end, at + 65_536));
        if (end < bytes.length) {
          throw new StorageError({ code: "connection", operation: "read", detail: "it broke", hint: "Try again." });
        }
      },
    });
    await using target = await stagingTarget();
    await transfer([fileOf(bytes, stream)], { target });
    assert.deepEqual(await readFile(target.pathOf("dir/model")), bytes);
    assert.ok(offsets.includes(5_000_000), offsets.join());
  });

  test("a stream that goes on after the last byte is another object", async () => {
    const bytes = randomBytes(1000);
    const stream = source({
      read: async function* () {
        yield bytes;
        yield Buffer.from("more");
      },
    });
    await using target = await stagingTarget();
    await rejectsWith(transfer([fileOf(bytes, stream)], { target }), "precondition_failed");
  });

  test("an error of a stream that says it is final is not tried again", async () => {
    let calls = 0;
    const stream = source({
      // biome-ignore lint/correctness/useYield: it fails before it could
      read: async function* () {
        calls++;
        throw new StorageError({ code: "permission_denied", operation: "read", detail: "no", hint: "Ask." });
      },
    });
    await using target = await stagingTarget();
    await rejectsWith(transfer([fileOf(randomBytes(10), stream)], { target }), "permission_denied");
    assert.equal(calls, 1);
  });
});

describe("several sources", () => {
  const content = generatedContent({ seed: 1, size: 24 * mebibyte });

  test("one that does not have the file is left for the next", async () => {
    await using server = await startFaultServer();
    await using other = await startFaultServer();
    const file = serve(server, "/model", content);
    const missing = httpSource(other, "/model", content, { id: "peer" });
    await using target = await stagingTarget();
    const result = await transfer([{ ...file, sources: [missing, ...file.sources] }], { target });
    assertFile(target.pathOf("model"), content);
    assert.deepEqual(result.files[0]?.sources, ["http:test"]);
    assert.ok(other.requests.length <= 16);
  });

  test("one that refuses connections costs hardly any time", async () => {
    await using server = await startFaultServer();
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, "127.0.0.1", resolve));
    const address = closed.address();
    const port = typeof address === "object" ? address?.port : 0;
    await new Promise((resolve) => closed.close(resolve));
    const file = serve(server, "/model", content);
    const dead: TransferSource = {
      ...file.sources[0],
      id: "peer",
      locate: async (options) =>
        ({ ...(await file.sources[0].locate(options)), kind: "http", url: `http://127.0.0.1:${port}/model` }) as never,
    };
    await using target = await stagingTarget();
    const start = performance.now();
    await transfer([{ ...file, sources: [dead, ...file.sources] }], { target });
    assertFile(target.pathOf("model"), content);
    assert.ok(performance.now() - start < 5000);
  });

  test("one that accepts and never answers is left after one stall, and its silence is told", async () => {
    await using server = await startFaultServer();
    await using silent = await startFaultServer({ rules: [{ fault: { type: "stall" } }] });
    const file = serve(server, "/model", content);
    const peer = httpSource(silent, "/model", content, { id: "peer" });
    await using target = await stagingTarget();
    const events: TransferEvent[] = [];
    await transfer([{ ...file, sources: [peer, ...file.sources] }], {
      target,
      stallTimeoutMs: 500,
      onEvent: (event) => events.push(event),
    });
    assertFile(target.pathOf("model"), content);
    assert.ok(events.some((event) => event.type === "stall" && event.source === "peer"));
    assert.ok(events.some((event) => event.type === "bytes" && event.source === "http:test"));
  });

  test("one over HTTP that fails is replaced by a stream", async () => {
    await using empty = await startFaultServer();
    const bytes = randomBytes(17 * mebibyte);
    const missing = httpSource(empty, "/model", bytesContent(bytes), { id: "peer" });
    const stream = source({
      id: "stream",
      read: async function* ({ offset }) {
        yield bytes.subarray(offset);
      },
    });
    await using target = await stagingTarget();
    await transfer([fileOf(bytes, missing, stream)], { target });
    assert.deepEqual(await readFile(target.pathOf("dir/model")), bytes);
  });

  test("when none has it, the error is that of the last one", async () => {
    await using empty = await startFaultServer();
    const missing = httpSource(empty, "/model", content, { id: "peer" });
    await using target = await stagingTarget();
    const file: TransferFile = {
      path: "model",
      size: content.size,
      digests: [],
      priority: 0,
      sources: [missing, { ...missing, id: "b" }],
    };
    const error = await rejectsWith(transfer([file], { target }), "not_found");
    assert.equal(error.httpStatus, 404);
  });

  test("a failure to locate is tried again when it is temporary, and told when it is not", async () => {
    const bytes = randomBytes(10);
    let calls = 0;
    const shaky = source({
      locate: async () => {
        calls++;
        if (calls < 3)
          throw new StorageError({ code: "unavailable", operation: "sign", detail: "later", hint: "Wait." });
        return { kind: "bytes", bytes };
      },
    });
    await using target = await stagingTarget();
    await transfer([fileOf(bytes, shaky)], { target });
    assert.equal(calls, 3);
    const denied = source({
      locate: () =>
        Promise.reject(new StorageError({ code: "unauthenticated", operation: "sign", detail: "no", hint: "Log in." })),
    });
    await rejectsWith(transfer([{ ...fileOf(bytes, denied), path: "other" }], { target }), "unauthenticated");
  });
});
