import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { describe, test } from "node:test";
import type { CompositeDigest } from "../../src/storage/digest.ts";
import {
  bytesContent,
  type Content,
  contentDigest,
  generatedContent,
  startFaultServer,
  withFlippedBit,
  zeroContent,
} from "../../src/testing/index.ts";
import { transfer } from "../../src/transfer/transfer.ts";
import type { TransferFile } from "../../src/transfer/transfer-types.ts";
import { assertFile } from "./support/assert-file.ts";
import { httpFile, httpSource, serve, statedDigest } from "./support/http-file.ts";
import { rejectsWith } from "./support/rejects-with.ts";
import { stagingTarget } from "./support/staging-target.ts";
import { commitUnit, mebibyte } from "./support/units.ts";

const content = generatedContent({ seed: 1, size: 40 * mebibyte + 29 });
const middle = 21 * mebibyte + 17;

/** What a multipart upload with parts of this size leaves as `md5-N`. */
function multipartDigest(of: Content, partSize: number, options: { readonly values: boolean }): CompositeDigest {
  const values: string[] = [];
  for (let start = 0; start < of.size; start += partSize) {
    values.push(contentDigest(of, "md5", { start, end: Math.min(of.size, start + partSize) }));
  }
  const sizes = values.map((_, index) => Math.min(partSize, of.size - index * partSize));
  return {
    kind: "composite",
    algorithm: "md5",
    value: createHash("md5")
      .update(Buffer.from(values.join(""), "hex"))
      .digest("hex"),
    confidence: "stated",
    partCount: values.length,
    partSize,
    ...(options.values && { parts: values.map((value, index) => ({ size: sizes[index] ?? 0, value })) }),
  };
}

describe("bytes that are not the object's", { concurrency: 2, timeout: 120_000 }, () => {
  for (const digest of ["crc32", "sha256", "md5"] as const) {
    test(`[E9] [F01] one inverted bit on the wire is found by ${digest} and repaired`, async () => {
      await using server = await startFaultServer();
      const file = serve(server, "/model", content, { digest });
      server.addRule({
        when: { range: { overlaps: [middle, middle + 1] } },
        times: 1,
        fault: { type: "flip-bit", offset: middle },
      });
      await using target = await stagingTarget();
      const result = await transfer([file], { target });
      assertFile(target.pathOf("model"), content);
      assert.equal(result.files[0]?.verification.by, "source");
      assert.ok(server.bytesServed() <= 2 * content.size);
    });
  }

  test("[E9] [F01] with digests of the parts only the bad part is fetched again", async () => {
    await using server = await startFaultServer();
    const file: TransferFile = {
      ...serve(server, "/model", content),
      digests: [multipartDigest(content, commitUnit, { values: true })],
    };
    server.addRule({
      when: { range: { overlaps: [middle, middle + 1] } },
      times: 1,
      fault: { type: "flip-bit", offset: middle },
    });
    await using target = await stagingTarget();
    await transfer([file], { target });
    assertFile(target.pathOf("model"), content);
    assert.ok(server.refetchedBytes("/model") <= commitUnit, `${server.refetchedBytes("/model")} bytes twice`);
  });

  test("[F01] a source that is wrong in the same place every time never gets published", async () => {
    await using server = await startFaultServer({ rules: [{ fault: { type: "flip-bit", offset: middle } }] });
    const file = serve(server, "/model", content);
    await using target = await stagingTarget();
    const error = await rejectsWith(transfer([file], { target }), "checksum_mismatch");
    assert.deepEqual(target.published, []);
    assert.equal(existsSync(target.pathOf("model")), false);
    assert.match(error.message, /crc32/i);
    assert.ok(server.bytesServed() <= 3 * content.size, `${server.bytesServed() / content.size} times the file`);
  });

  test("[F01] when one source is wrong the other one delivers", async () => {
    await using bad = await startFaultServer({ rules: [{ fault: { type: "flip-bit", offset: middle } }] });
    await using good = await startFaultServer();
    serve(bad, "/model", content);
    serve(good, "/model", content);
    const file: TransferFile = {
      ...httpFile(bad, "/model", content),
      sources: [httpSource(bad, "/model", content, { id: "bad" }), httpSource(good, "/model", content, { id: "good" })],
    };
    await using target = await stagingTarget();
    const result = await transfer([file], { target });
    assertFile(target.pathOf("model"), content);
    assert.ok(result.files[0]?.sources.includes("good"));
  });

  test("[F27] a multipart etag is checked part by part, not as a hash of the file", async () => {
    await using server = await startFaultServer();
    const digest = multipartDigest(content, 5 * mebibyte, { values: false });
    const file: TransferFile = { ...serve(server, "/model", content), digests: [digest] };
    await using target = await stagingTarget();
    const result = await transfer([file], { target });
    assert.deepEqual(result.files[0]?.verification, {
      by: "source",
      algorithm: "md5",
      kind: "composite",
      value: digest.value,
    });

    const wrong = { ...digest, value: digest.value.replace(/^./, (digit) => (digit === "0" ? "1" : "0")) };
    await using refused = await stagingTarget();
    await rejectsWith(transfer([{ ...file, digests: [wrong] }], { target: refused }), "checksum_mismatch");
    assert.deepEqual(refused.published, []);
  });

  test("no digest at all is reported as checked by size only", async () => {
    await using server = await startFaultServer();
    const file = serve(server, "/model", content, { digest: null });
    await using target = await stagingTarget();
    const result = await transfer([file], { target });
    assert.deepEqual(result.files[0]?.verification, { by: "size" });
    assertFile(target.pathOf("model"), content);
  });
});

describe("objects that change under way", { concurrency: 2, timeout: 120_000 }, () => {
  const next = generatedContent({ seed: 2, size: content.size });

  test("[E8] the server honours If-Match: the change is an error and nothing is published", async () => {
    await using server = await startFaultServer();
    const file = serve(server, "/model", content);
    server.addRule({
      when: { request: { from: 2 } },
      fault: { type: "object", object: { content: next, etag: '"v2"' } },
    });
    await using target = await stagingTarget();
    await rejectsWith(transfer([file], { target }), "precondition_failed");
    assert.deepEqual(target.published, []);
    assert.ok(server.requests.every((request) => request.headers["if-match"] !== undefined));
  });

  test("[E8] the server ignores If-Match: the answer's ETag tells", async () => {
    await using server = await startFaultServer({ rules: [{ fault: { type: "ignore-preconditions" } }] });
    const file = serve(server, "/model", content, { digest: null });
    server.addRule({
      when: { request: { from: 2 } },
      fault: { type: "object", object: { content: next, etag: '"v2"' } },
    });
    await using target = await stagingTarget();
    await rejectsWith(transfer([file], { target }), "precondition_failed");
    assert.deepEqual(target.published, []);
  });

  test("[E8] the pin is not known beforehand: what is published is one version, whole", async () => {
    await using server = await startFaultServer();
    serve(server, "/model", content);
    const file = httpFile(server, "/model", content, { etag: null, digest: null });
    server.addRule({
      when: { request: { from: 2 } },
      fault: { type: "object", object: { content: next, etag: '"v2"' } },
    });
    await using target = await stagingTarget();
    await transfer([file], { target }).catch(() => {});
    if (target.published.length > 0) assertFile(target.pathOf("model"), next);
    else assert.equal(existsSync(target.pathOf("model")), false);
  });

  test("[E8] an object that changes between two runs is fetched anew", async () => {
    await using server = await startFaultServer({ bandwidth: 64 * mebibyte });
    await using target = await stagingTarget();
    const controller = new AbortController();
    const first = transfer([serve(server, "/model", content)], { target, signal: controller.signal });
    await server.waitForBytes(20 * mebibyte);
    controller.abort();
    await rejectsWith(first, "cancelled");
    const result = await transfer([serve(server, "/model", next)], { target });
    assertFile(target.pathOf("model"), next);
    assert.equal(result.resumedBytes, 0);
  });
});

describe("contents that other tools stumble over", { concurrency: 2, timeout: 120_000 }, () => {
  test("[F12] empty files are created, verified and counted", async () => {
    await using server = await startFaultServer();
    const empty = bytesContent("");
    const files = ["/a/__init__.py", "/empty.json", "/config.json"].map((path) =>
      serve(server, path, path === "/config.json" ? bytesContent("{}") : empty, { digest: "sha256" }),
    );
    await using target = await stagingTarget();
    const result = await transfer(files, { target });
    assert.equal(result.files.length, 3);
    for (const file of files) assert.ok(existsSync(target.pathOf(file.path)), file.path);
    assertFile(target.pathOf("a/__init__.py"), empty);
    const found = result.files.find((file) => file.path === "empty.json");
    assert.deepEqual(found?.units.values, []);
    assert.deepEqual(found?.verification.by, "source");
  });

  for (const size of [commitUnit, 2 * commitUnit, mebibyte, 4096, commitUnit + 1]) {
    test(`[F44] ${size} zero bytes are written and verified`, async () => {
      await using server = await startFaultServer();
      const zeros = zeroContent(size);
      const file = serve(server, "/zeros", zeros, { digest: "sha256" });
      await using target = await stagingTarget();
      const result = await transfer([file], { target });
      assertFile(target.pathOf("zeros"), zeros);
      assert.equal(server.bytesServed(), size);
      assert.equal(result.files[0]?.verification.by, "source");
    });
  }

  test("[F44] zeros where there should be something else are a mismatch", async () => {
    await using server = await startFaultServer();
    const file = serve(server, "/model", zeroContent(commitUnit), { digest: null });
    const expected = { ...file, digests: [statedDigest(withFlippedBit(zeroContent(commitUnit), 5), "crc32")] };
    await using target = await stagingTarget();
    await rejectsWith(transfer([expected], { target }), "checksum_mismatch");
  });

  test("300 files of one size that nothing tells apart: each is asked for once and gets its own bytes", async () => {
    await using server = await startFaultServer();
    const contents = Array.from({ length: 300 }, (_, seed) => generatedContent({ seed, size: 5000 }));
    const files = contents.map((each, index) => serve(server, `/same-${index}`, each, { etag: null, digest: null }));
    await using target = await stagingTarget();
    await transfer(files, { target });
    for (const [index, each] of contents.entries()) assertFile(target.pathOf(`same-${index}`), each);
    assert.equal(server.requests.length, files.length);
  });

  test("sizes around every boundary arrive exactly", async () => {
    await using server = await startFaultServer();
    const sizes = [1, 2, 4095, 4096, mebibyte - 1, mebibyte, mebibyte + 1, commitUnit - 1, commitUnit, commitUnit + 1];
    const contents = sizes.map((size) => generatedContent({ seed: size, size }));
    const files = contents.map((each, index) => serve(server, `/size-${sizes[index]}`, each));
    await using target = await stagingTarget();
    await transfer(files, { target });
    for (const [index, file] of files.entries())
      assertFile(target.pathOf(file.path), contents[index] ?? zeroContent(0));
    assert.equal(
      server.bytesServed(),
      sizes.reduce((sum, size) => sum + size, 0),
    );
  });
});
