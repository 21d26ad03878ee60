import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { createCRC32, createCRC64 } from "hash-wasm";
import { StorageError } from "../../src/errors.ts";
import type { Digest, DigestAlgorithm } from "../../src/storage/digest.ts";
import {
  bytesContent,
  type Content,
  contentDigest,
  generatedContent,
  joinedContent,
  startFaultServer,
} from "../../src/testing/index.ts";
import { BandwidthCap } from "../../src/transfer/policy/bandwidth-cap.ts";
import { transfer } from "../../src/transfer/transfer.ts";
import type { TransferEvent, TransferFile, TransferProgress } from "../../src/transfer/transfer-types.ts";
import { assertFile } from "../faults/support/assert-file.ts";
import { httpFile, serve } from "../faults/support/http-file.ts";
import { rejectsWith } from "../faults/support/rejects-with.ts";
import { stagingTarget } from "../faults/support/staging-target.ts";

const mebibyte = 1024 * 1024;

describe("a transfer", { timeout: 60_000 }, () => {
  test("brings files of every size, proves them and leaves nothing in staging", async () => {
    await using server = await startFaultServer();
    const contents = [0, 1, 5000, 3 * mebibyte, 16 * mebibyte - 1, 16 * mebibyte, 40 * mebibyte + 7].map((size, seed) =>
      generatedContent({ seed, size }),
    );
    const files = contents.map((content, index) => serve(server, `/dir/${index}`, content));
    await using target = await stagingTarget();
    const result = await transfer(files, { target });
    for (const [index, content] of contents.entries()) {
      assertFile(target.pathOf(`dir/${index}`), content);
      const file = result.files[index];
      assert.equal(file?.path, `dir/${index}`, "results are in the order of the files");
      assert.equal(file.verification.by, "source");
      assert.equal(file.checksum, contentDigest(content, "crc32"));
      assert.equal(file.units.values.length, Math.ceil(content.size / file.units.unitSize));
      assert.equal(file.fetchedBytes, content.size);
    }
    assert.equal(result.fetchedBytes, server.bytesServed());
    assert.deepEqual(await target.staged(), []);
  });

  test("of nothing ends at once", async () => {
    await using target = await stagingTarget();
    assert.deepEqual((await transfer([], { target })).files, []);
  });

  test("works with several lanes as with one", async () => {
    await using server = await startFaultServer();
    const files = Array.from({ length: 12 }, (_, seed) =>
      serve(server, `/${seed}`, generatedContent({ seed, size: seed < 9 ? 50_000 : 20 * mebibyte }), {
        digest: seed % 2 === 0 ? "sha256" : "crc32",
      }),
    );
    await using target = await stagingTarget();
    const result = await transfer(files, { target, lanes: 3 });
    assert.equal(result.files.length, 12);
    assert.ok(result.files.every((file) => file.verification.by === "source"));
  });

  test("begins with what matters most, then with what is small", async () => {
    await using server = await startFaultServer();
    const make = (path: string, size: number, priority: number): TransferFile =>
      serve(server, path, generatedContent({ seed: size, size }), { priority });
    const files = [
      make("/weights", 20 * mebibyte, 0),
      make("/config", 100, 0),
      make("/last", 50, 9),
      make("/tokenizer", 5000, 0),
    ];
    await using target = await stagingTarget();
    await transfer(files, { target, maxConnections: 1 });
    const order = server.requests
      .map((request) => request.path)
      .filter((path, index, all) => all.indexOf(path) === index);
    assert.deepEqual(order, ["/config", "/tokenizer", "/weights", "/last"]);
  });

  test("keeps to its bandwidth", async () => {
    await using server = await startFaultServer();
    const file = serve(server, "/model", generatedContent({ seed: 1, size: 6 * mebibyte }));
    await using target = await stagingTarget();
    const start = performance.now();
    await transfer([file], { target, maxBandwidth: 3 * mebibyte });
    const seconds = (performance.now() - start) / 1000;
    assert.ok(seconds > 1.4, `${seconds} s`);
  });

  test("keeps to a bandwidth that it shares with another one", async () => {
    await using server = await startFaultServer();
    const cap = new BandwidthCap(4 * mebibyte);
    const start = performance.now();
    const moving = [3, 5].map(async (size, seed) => {
      await using target = await stagingTarget();
      const file = serve(server, `/model-${seed}`, generatedContent({ seed, size: size * mebibyte }));
      await transfer([file], { target, bandwidth: cap });
      return (performance.now() - start) / 1000;
    });
    const [small = 0, large = 0] = await Promise.all(moving);
    assert.ok(small > 1, `${small} s at half of it`);
    assert.ok(large > 1.6, `${large} s: 8 MiB at 4 MiB/s, a burst apart`);
  });

  test("keeps to its number of connections", async () => {
    await using server = await startFaultServer();
    const files = [
      serve(server, "/large", generatedContent({ seed: 1, size: 60 * mebibyte })),
      ...Array.from({ length: 50 }, (_, seed) => serve(server, `/${seed}`, generatedContent({ seed, size: 10_000 }))),
    ];
    await using target = await stagingTarget();
    await transfer(files, { target, maxConnections: 3 });
    assert.ok(server.connections <= 3, `${server.connections} connections`);
  });

  test("tells its progress, which only grows and ends with everything", async () => {
    await using server = await startFaultServer({ bandwidth: 40 * mebibyte });
    const file = serve(server, "/model", generatedContent({ seed: 1, size: 24 * mebibyte }));
    await using target = await stagingTarget();
    const seen: TransferProgress[] = [];
    await transfer([file], { target, onProgress: (progress) => seen.push(progress) });
    assert.ok(seen.length >= 4, `${seen.length} reports`);
    for (const [index, progress] of seen.entries()) {
      assert.ok(progress.completedBytes >= (seen[index - 1]?.completedBytes ?? 0));
      assert.ok(progress.completedBytes <= file.size);
    }
    const last = seen.at(-1);
    assert.deepEqual([last?.completedBytes, last?.completedFiles, last?.activeFiles], [file.size, 1, []]);
    const middle = seen[Math.floor(seen.length / 2)];
    assert.ok((middle?.bytesPerSecond ?? 0) > 0);
    assert.equal(middle?.activeFiles[0]?.path, "model");
  });

  test("tells which source gave how many bytes", async () => {
    await using server = await startFaultServer();
    const file = serve(server, "/model", generatedContent({ seed: 1, size: 17 * mebibyte }));
    await using target = await stagingTarget();
    const events: TransferEvent[] = [];
    await transfer([file], { target, onEvent: (event) => events.push(event) });
    const bytes = events.reduce((sum, event) => sum + (event.type === "bytes" ? event.bytes : 0), 0);
    assert.equal(bytes, file.size);
    assert.ok(events.every((event) => event.type !== "request" || event.status === 206));
  });

  test("that was cancelled before it began asks nobody", async () => {
    await using server = await startFaultServer();
    const file = serve(server, "/model", generatedContent({ seed: 1, size: 1000 }));
    await using target = await stagingTarget();
    await rejectsWith(transfer([file], { target, signal: AbortSignal.abort() }), "cancelled");
    assert.equal(server.requests.length, 0);
  });

  test("fails with the error of publishing, and stops everything else", async () => {
    await using server = await startFaultServer();
    const files = [1, 2, 3].map((seed) => serve(server, `/${seed}`, generatedContent({ seed, size: 1000 })));
    await using target = await stagingTarget({
      beforePublish: () => {
        throw new StorageError({ code: "no_space", operation: "publish", detail: "full", hint: "Free some." });
      },
    });
    await rejectsWith(transfer(files, { target }), "no_space");
    assert.deepEqual(await target.staged(), []);
  });

  test("refuses what it cannot do before anything happens", async () => {
    await using server = await startFaultServer();
    const file = serve(server, "/model", generatedContent({ seed: 1, size: 10 }));
    await using target = await stagingTarget();
    for (const options of [
      { maxConnections: 0 },
      { maxConnections: 257 },
      { lanes: 0 },
      { maxBandwidth: -1 },
      { maxAttempts: 1.5 },
    ]) {
      await rejectsWith(transfer([file], { target, ...options }), "config_invalid");
    }
    await rejectsWith(transfer([file, file], { target }), "config_invalid");
    await rejectsWith(transfer([{ ...file, size: -1 }], { target }), "config_invalid");
    assert.equal(server.requests.length, 0);
  });

  test("errors name the object without its signature", async () => {
    await using server = await startFaultServer({ rules: [{ fault: { type: "status", status: 404 } }] });
    const content = generatedContent({ seed: 1, size: 10 });
    const file = httpFile(server, "/model", content, { query: () => "?X-Amz-Signature=topsecret" });
    await using target = await stagingTarget();
    const error = await rejectsWith(transfer([file], { target }), "not_found");
    assert.doesNotMatch(JSON.stringify(error.fields()) + error.stack, /topsecret/);
    assert.match(error.message, /\/model/);
  });
});

describe("digests of every kind", { timeout: 60_000 }, () => {
  const content = generatedContent({ seed: 7, size: 35 * mebibyte + 11 });

  function slice(start: number, end: number): Buffer {
    const bytes = Buffer.alloc(end - start);
    content.read(start, bytes);
    return bytes;
  }

  async function digestOf(algorithm: DigestAlgorithm, bytes: Uint8Array): Promise<string> {
    if (algorithm === "git-sha1")
      return createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
    if (algorithm === "crc32c") return createCRC32(0x82f63b78).then((crc) => crc.init().update(bytes).digest("hex"));
    if (algorithm === "crc64nvme")
      return createCRC64("9a6c9329ac4bc9b5").then((crc) => crc.init().update(bytes).digest("hex"));
    return contentDigest(content, algorithm);
  }

  function md5(bytes: Uint8Array): Buffer {
    return createHash("md5").update(bytes).digest();
  }

  function composite(partSize: number, more: Partial<Digest> = {}): Digest {
    const digests: Buffer[] = [];
    for (let start = 0; start < content.size; start += partSize) {
      digests.push(md5(slice(start, Math.min(content.size, start + partSize))));
    }
    return {
      kind: "composite",
      algorithm: "md5",
      value: md5(Buffer.concat(digests)).toString("hex"),
      confidence: "inferred",
      partCount: digests.length,
      ...more,
    } as Digest;
  }

  async function verified(digests: readonly Digest[], more: Parameters<typeof transfer>[1] | object = {}) {
    await using server = await startFaultServer();
    const file = { ...serve(server, "/model", content), digests };
    await using target = await stagingTarget();
    const result = await transfer([file], { ...more, target });
    assertFile(target.pathOf("model"), content);
    return { file: result.files[0], fetched: server.bytesServed() };
  }

  for (const algorithm of ["crc32", "crc32c", "crc64nvme", "sha256", "sha1", "md5", "git-sha1"] as const) {
    test(`${algorithm} of the whole`, async () => {
      const value = await digestOf(algorithm, slice(0, content.size));
      const { file, fetched } = await verified([{ kind: "full", algorithm, value, confidence: "stated" }]);
      assert.deepEqual(file?.verification, { by: "source", algorithm, kind: "full", value });
      assert.equal(fetched, content.size);
    });
  }

  test("md5 of the parts, their size told", async () => {
    const { file, fetched } = await verified([composite(5 * mebibyte, { partSize: 5 * mebibyte })]);
    assert.equal(file?.verification.by === "source" && file.verification.kind, "composite");
    assert.equal(file?.units.unitSize, 5 * mebibyte);
    assert.equal(fetched, content.size);
  });

  test("md5 of the parts, their size guessed", async () => {
    const { file, fetched } = await verified([composite(8 * mebibyte)]);
    assert.equal(file?.verification.by, "source");
    assert.equal(fetched, content.size);
  });

  test("md5 of parts whose size was guessed wrongly: other sizes are tried on what is on disk", async () => {
    const { file, fetched } = await verified([composite(9 * mebibyte)]);
    assert.equal(file?.verification.by === "source" && file.verification.kind, "composite");
    assert.equal(fetched, content.size, "nothing was fetched twice");
  });

  test("md5 of the whole decides where the size of the parts cannot be guessed, and nothing is fetched twice", async () => {
    const value = contentDigest(content, "md5");
    const whole: Digest = { kind: "full", algorithm: "md5", value, confidence: "inferred" };
    const { file, fetched } = await verified([composite(9 * mebibyte + 4096), whole]);
    assert.deepEqual(file?.verification, { by: "source", algorithm: "md5", kind: "full", value });
    assert.equal(fetched, content.size);
  });

  test("md5 of parts of a size that nobody guesses is no proof, and no error either", async () => {
    const { file, fetched } = await verified([composite(9 * mebibyte + 4096)]);
    assert.equal(file?.verification.by, "size");
    assert.equal(fetched, 2 * content.size, "read twice, to tell a wrong guess from damage");
  });

  test("a stated md5 of the whole that does not hold either is damage", async () => {
    const stated = { confidence: "stated" } as const;
    const wrong: Digest = { kind: "full", algorithm: "md5", value: "0".repeat(32), ...stated };
    const digests = [composite(9 * mebibyte + 4096, stated), wrong];
    await assert.rejects(verified(digests), (error: StorageError) => {
      assert.equal(error.code, "checksum_mismatch");
      assert.match(error.message, /0{32}/);
      return true;
    });
  });

  test("part sizes are tried on small files as well", async () => {
    await using server = await startFaultServer();
    const small = generatedContent({ seed: 8, size: 15 * mebibyte });
    const bytes = Buffer.alloc(small.size);
    small.read(0, bytes);
    const parts = [0, 7, 14].map((start) => md5(bytes.subarray(start * mebibyte, (start + 7) * mebibyte)));
    const value = md5(Buffer.concat(parts)).toString("hex");
    const digest: Digest = { kind: "composite", algorithm: "md5", value, confidence: "inferred", partCount: 3 };
    await using target = await stagingTarget();
    const files = [
      { ...serve(server, "/right", small), digests: [digest] },
      { ...serve(server, "/wrong", small), digests: [{ ...digest, value: "0".repeat(32) }] },
    ];
    const result = await transfer(files, { target });
    for (const path of ["right", "wrong"]) assertFile(target.pathOf(path), small);
    assert.deepEqual(
      result.files.map(({ verification }) => verification.by),
      ["source", "size"],
    );
    assert.deepEqual([server.refetchedBytes("/right"), server.refetchedBytes("/wrong")], [0, small.size]);
  });

  test("an etag that looks like an md5 and is none: the source is asked, nothing is fetched twice", async () => {
    const asked: string[] = [];
    const { file, fetched } = await verified(
      [{ kind: "full", algorithm: "md5", value: "0".repeat(32), confidence: "inferred" }],
      {
        confirmDigests: async (file: TransferFile) => {
          asked.push(file.path);
          return [];
        },
      },
    );
    assert.equal(file?.verification.by, "size");
    assert.equal(fetched, content.size);
    assert.deepEqual(asked, ["model"]);
  });

  test("an inferred digest that the source stands by is an error when it does not match", async () => {
    const digest: Digest = { kind: "full", algorithm: "md5", value: "0".repeat(32), confidence: "inferred" };
    await assert.rejects(verified([digest], { confirmDigests: async () => [digest] }), (error: StorageError) => {
      assert.equal(error.code, "checksum_mismatch");
      assert.match(error.message, /0{32}/);
      assert.match(error.message, new RegExp(contentDigest(content, "md5")));
      return true;
    });
  });

  test("a digest of another kind, learned on asking, proves the file after one more look at it", async () => {
    const value = contentDigest(content, "sha256");
    const { file, fetched } = await verified(
      [{ kind: "full", algorithm: "md5", value: "0".repeat(32), confidence: "inferred" }],
      {
        confirmDigests: async () => [{ kind: "full", algorithm: "sha256", value, confidence: "stated" }],
      },
    );
    assert.deepEqual(file?.verification, { by: "source", algorithm: "sha256", kind: "full", value });
    assert.equal(fetched, content.size);
  });

  test("a serial digest over many connections does not need more memory than its window", async () => {
    await using server = await startFaultServer({
      rules: [{ when: { range: { start: 0 } }, times: 1, fault: { type: "slow", bytesPerSecond: 3 * mebibyte } }],
    });
    const large = generatedContent({ seed: 8, size: 96 * mebibyte });
    const file = serve(server, "/model", large, { digest: "sha256" });
    await using target = await stagingTarget();
    const result = await transfer([file], { target });
    assertFile(target.pathOf("model"), large);
    assert.equal(result.files[0]?.digests.sha256, contentDigest(large, "sha256"));
    assert.ok(server.refetchedBytes("/model") <= 4 * mebibyte);
  });
});

describe("an interrupted transfer", { timeout: 60_000 }, () => {
  const content: Content = joinedContent([
    generatedContent({ seed: 1, size: 30 * mebibyte }),
    bytesContent(randomBytes(11)),
  ]);

  for (const digest of ["crc32", "sha256"] as const) {
    test(`with ${digest} goes on where it was cancelled, byte for byte`, async () => {
      await using server = await startFaultServer({ bandwidth: 30 * mebibyte });
      const file = serve(server, "/model", content, { digest });
      await using target = await stagingTarget();
      for (const bytes of [7, 15, 22]) {
        const controller = new AbortController();
        const running = rejectsWith(
          transfer([file], { target, signal: controller.signal, maxConnections: 2 }),
          "cancelled",
        );
        await Promise.race([server.waitForBytes(bytes * mebibyte), running]);
        controller.abort();
        await running;
      }
      const result = await transfer([file], { target, maxConnections: 2 });
      assertFile(target.pathOf("model"), content);
      assert.equal(result.resumedBytes + result.fetchedBytes, content.size);
      assert.ok(result.resumedBytes > 15 * mebibyte, `${result.resumedBytes} taken over`);
      assert.ok(server.refetchedBytes("/model") <= 3 * 4 * mebibyte, `${server.refetchedBytes("/model")} bytes twice`);
      assert.deepEqual(await target.staged(), []);
    });
  }

  test("keeps what belongs to it and removes what belongs to nobody", async () => {
    await using server = await startFaultServer({ bandwidth: 30 * mebibyte });
    const files = ["/a", "/b"].map((path) => serve(server, path, content));
    await using target = await stagingTarget();
    const controller = new AbortController();
    const running = rejectsWith(transfer(files, { target, signal: controller.signal }), "cancelled");
    await server.waitForBytes(20 * mebibyte);
    controller.abort();
    await running;
    assert.equal((await target.staged()).filter((name) => name.endsWith(".part")).length >= 1, true);
    const [first] = files;
    assert.ok(first);
    await transfer([first], { target });
    assert.deepEqual(await target.staged(), []);
  });

  test("begins anew when the object is another one by then, though its size is the same", async () => {
    await using server = await startFaultServer({ bandwidth: 30 * mebibyte });
    const file = serve(server, "/model", content, { etag: null, digest: null });
    await using target = await stagingTarget();
    const controller = new AbortController();
    const running = rejectsWith(transfer([file], { target, signal: controller.signal }), "cancelled");
    await server.waitForBytes(12 * mebibyte);
    controller.abort();
    await running;
    const other = generatedContent({ seed: 99, size: content.size });
    server.put("/model", { content: other, etag: '"other"' });
    await transfer([file], { target });
    assert.deepEqual((await readFile(target.pathOf("model"))).length, other.size);
    assertFile(target.pathOf("model"), other);
  });
});
