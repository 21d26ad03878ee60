import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type FaultAction, generatedContent, startFaultServer } from "../../src/testing/index.ts";
import { transfer } from "../../src/transfer/transfer.ts";
import { assertFile } from "./support/assert-file.ts";
import { serve } from "./support/http-file.ts";
import { rejectsWith } from "./support/rejects-with.ts";
import { stagingTarget } from "./support/staging-target.ts";
import { mebibyte } from "./support/units.ts";

/** Large enough for several ranges. */
const content = generatedContent({ seed: 1, size: 20 * mebibyte + 29 });

/** What the server does with requests that have a range and are not for the start. */
const faults: readonly [name: string, fault: FaultAction | readonly FaultAction[]][] = [
  ["[F03] [E7] 200 and the whole object to a range", { type: "ignore-range" }],
  ["[F05] status 200 with the slice and its Content-Range", { type: "slice-as-200" }],
  ["[F06] 206 that starts at 0 instead of where it was asked to", { type: "serve-range", start: 0 }],
  ["[F07] 206 that starts 4096 bytes earlier", { type: "serve-range", startBy: -4096 }],
  ["[E7] 206 that starts later", { type: "serve-range", startBy: 4096 }],
  ["[E7] 206 that ends earlier", { type: "serve-range", endBy: -1000 }],
  ["[E7] 206 that ends later", { type: "serve-range", endBy: 1000 }],
  ["[E7] Content-Range with another start than asked for", { type: "false-content-range", startBy: 1 }],
  ["[E7] Content-Range longer than its body", { type: "false-content-range", endBy: 100 }],
  ["[E7] 206 without Content-Range", { type: "header", name: "Content-Range", value: undefined }],
  ["[E7] an HTML error page under a 206", { type: "html-page" }],
  ["[E7] an HTML error page of exactly the right length under a 206", { type: "html-page", padded: true }],
  ["[E7] bytes after the promised body", { type: "extra-bytes", count: 100 }],
  ["[E7] no ETag", { type: "header", name: "ETag", value: undefined }],
  ["[F08] 416 for a range inside the object", { type: "range-not-satisfiable" }],
  ["interim answers first", { type: "informational", statuses: [100, 102, 103] }],
  ["a head in small pieces", { type: "split-head", bytes: 40, delayMs: 1 }],
  ["a header of 15 kB", { type: "header", name: "X-Trace", value: "x".repeat(15_000) }],
  ["a header of 2 MB", { type: "header", name: "X-Trace", value: "x".repeat(2_000_000) }],
  ["a chunked slice", { type: "chunked" }],
];

/** What says that the object is another one now. */
const changes: readonly [name: string, fault: FaultAction][] = [
  ["Content-Range with another total", { type: "false-content-range", totalBy: 1 }],
  ["another ETag", { type: "header", name: "ETag", value: '"other"' }],
  ["412", { type: "status", status: 412 }],
  ["416 with another size", { type: "status", status: 416, headers: { "Content-Range": "bytes */1000" } }],
];

describe("answers to a range that are not what was asked for", { concurrency: 2, timeout: 120_000 }, () => {
  for (const [name, fault] of faults) {
    test(`${name}, twice: the file is byte for byte right`, async () => {
      await using server = await startFaultServer();
      const file = serve(server, "/model", content);
      const rule = server.addRule({ when: { ranged: true, request: { from: 2 } }, times: 2, fault });
      await using target = await stagingTarget();
      await transfer([file], { target, lanes: 1 });
      assert.equal(rule.applied, 2);
      assertFile(target.pathOf("model"), content);
    });
  }

  for (const [name, fault] of faults.filter(
    ([name]) => /^\[(E7|F06)\]/.test(name) && !name.includes("exactly the right length"),
  )) {
    test(`${name}, always, and no digest that could tell: right or refused, never wrong`, async () => {
      await using server = await startFaultServer({ rules: [{ when: { ranged: true }, fault }] });
      const file = serve(server, "/model", content, { digest: null });
      await using target = await stagingTarget();
      const outcome = await transfer([file], { target, lanes: 1, maxAttempts: 2 }).catch((error: unknown) => error);
      if (target.published.length > 0) assertFile(target.pathOf("model"), content);
      else assert.ok(outcome instanceof Error);
    });
  }

  for (const [name, fault] of changes) {
    test(`[E8] ${name}: the object changed, nothing is published and nothing tried again and again`, async () => {
      await using server = await startFaultServer();
      const file = serve(server, "/model", content);
      server.addRule({ when: { ranged: true, request: { from: 2 } }, fault });
      await using target = await stagingTarget();
      await rejectsWith(transfer([file], { target, lanes: 1 }), "precondition_failed");
      assert.deepEqual(target.published, []);
      assert.ok(server.requests.length <= 30, `${server.requests.length} requests`);
    });
  }

  test("[E7] an HTML page of the right length is caught by the digest", async () => {
    await using server = await startFaultServer({ rules: [{ fault: { type: "html-page", padded: true } }] });
    const file = serve(server, "/model", content);
    await using target = await stagingTarget();
    await rejectsWith(transfer([file], { target, lanes: 1, maxAttempts: 2 }), "checksum_mismatch", "protocol");
    assert.deepEqual(target.published, []);
  });

  test("[F03] a server that never honours ranges is read as one stream", async () => {
    await using server = await startFaultServer({ rules: [{ fault: { type: "ignore-range" } }] });
    const file = serve(server, "/model", content);
    await using target = await stagingTarget();
    await transfer([file], { target, lanes: 1 });
    assertFile(target.pathOf("model"), content);
    assert.ok(server.bytesServed() <= 2 * content.size, `${server.bytesServed() / content.size} times the file`);
  });

  test("[F04] a CDN that compresses and then ignores ranges is asked for identity", async () => {
    await using server = await startFaultServer({ rules: [{ fault: { type: "gzip" } }] });
    const file = serve(server, "/model", content);
    await using target = await stagingTarget();
    await transfer([file], { target, lanes: 1 });
    assertFile(target.pathOf("model"), content);
    for (const request of server.requests) assert.equal(request.headers["accept-encoding"], "identity");
    assert.equal(server.bytesServed(), content.size);
  });

  test("[F04] [E7] a body that is compressed all the same is refused", async () => {
    await using server = await startFaultServer({
      rules: [{ fault: { type: "header", name: "Content-Encoding", value: "gzip" } }],
    });
    const file = serve(server, "/model", content);
    await using target = await stagingTarget();
    await rejectsWith(transfer([file], { target, lanes: 1, maxAttempts: 2 }), "protocol", "unsupported");
    assert.deepEqual(target.published, []);
  });

  test("[F08] an object that is shorter than the listing said is not the pinned one any more", async () => {
    await using server = await startFaultServer();
    const shorter = generatedContent({ seed: 2, size: 6 * mebibyte });
    const file = serve(server, "/model", content, { etag: null, digest: null });
    server.put("/model", { content: shorter, etag: undefined });
    await using target = await stagingTarget();
    await rejectsWith(transfer([file], { target, lanes: 1, maxAttempts: 2 }), "precondition_failed");
    assert.deepEqual(target.published, []);
  });

  test("[F08] what is left of a longer version is discarded once", async () => {
    await using server = await startFaultServer({ bandwidth: 64 * mebibyte });
    await using target = await stagingTarget();
    const controller = new AbortController();
    const old = serve(server, "/model", content);
    const interrupted = transfer([old], { target, signal: controller.signal });
    await server.waitForBytes(17 * mebibyte);
    controller.abort();
    await rejectsWith(interrupted, "cancelled");
    const shorter = generatedContent({ seed: 3, size: 12 * mebibyte + 5 });
    const before = server.bytesServed();
    const file = serve(server, "/model", shorter);
    const result = await transfer([file], { target, lanes: 1 });
    assertFile(target.pathOf("model"), shorter);
    assert.equal(result.resumedBytes, 0);
    assert.equal(server.bytesServed() - before, shorter.size);
  });
});

describe("redirects", { concurrency: 2, timeout: 120_000 }, () => {
  test("relative and absolute ones are followed, again for every range", async () => {
    await using server = await startFaultServer({
      rules: [{ when: { path: "/model" }, fault: { type: "redirect", status: 307, location: "/moved?x=1" } }],
    });
    const file = serve(server, "/model", content);
    serve(server, "/moved", content);
    await using target = await stagingTarget();
    await transfer([file], { target, lanes: 1 });
    assertFile(target.pathOf("model"), content);
  });

  test("one that leaves the origin does not take the credentials along", async () => {
    await using other = await startFaultServer();
    serve(other, "/elsewhere", content);
    await using server = await startFaultServer({
      rules: [{ fault: { type: "redirect", location: other.url("/elsewhere?sig=abc") } }],
    });
    const headers = { authorization: "Bearer secret", cookie: "a=b" };
    const file = serve(server, "/model", content, { headers });
    await using target = await stagingTarget();
    await transfer([file], { target, lanes: 1 });
    assertFile(target.pathOf("model"), content);
    for (const request of other.requests) {
      assert.equal(request.headers["authorization"], undefined);
      assert.equal(request.headers["cookie"], undefined);
    }
    assert.ok(server.requests.every((request) => request.headers["authorization"] === "Bearer secret"));
  });

  for (const [name, fault] of [
    ["without Location", { type: "redirect" }],
    ["in a loop", { type: "redirect", location: "/model" }],
    ["to another protocol", { type: "redirect", location: "file:///etc/passwd" }],
  ] as const) {
    test(`one ${name} is an error`, async () => {
      await using server = await startFaultServer({ rules: [{ fault }] });
      const file = serve(server, "/model", content);
      await using target = await stagingTarget();
      await rejectsWith(transfer([file], { target, lanes: 1, maxAttempts: 2 }), "protocol", "unsupported");
      assert.ok(server.requests.length <= 50, `${server.requests.length} requests`);
    });
  }
});
