import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type FaultAction, generatedContent, type RecordedRequest, startFaultServer } from "../../src/testing/index.ts";
import { transfer } from "../../src/transfer/transfer.ts";
import type { TransferEvent } from "../../src/transfer/transfer-types.ts";
import { assertFile } from "./support/assert-file.ts";
import { hastyClock } from "./support/hasty-clock.ts";
import { httpFile, serve } from "./support/http-file.ts";
import { rejectsWith } from "./support/rejects-with.ts";
import { stagingTarget } from "./support/staging-target.ts";
import { ioUnit, mebibyte } from "./support/units.ts";

/** Bytes of one request of a file of this size. */
const longestRange = 16 * mebibyte;
/** Until then the last connection of a busy machine knows what the first one was told. */
const latestKnownMs = 1000;

describe("statuses", { concurrency: true }, () => {
  describe("a service that is busy", { concurrency: true, timeout: 120_000 }, () => {
    for (const share of [0.05, 0.2]) {
      test(`[E4] ${share * 100} % of the requests fail with 503 and none of the files`, async () => {
        await using server = await startFaultServer({
          seed: 42,
          rules: [{ when: { probability: share }, fault: { type: "status", status: 503 } }],
        });
        const small = generatedContent({ seed: 1, size: 20_000 });
        const large = generatedContent({ seed: 2, size: 48 * mebibyte });
        const files = Array.from({ length: 60 }, (_, index) => serve(server, `/small-${index}`, small));
        files.push(serve(server, "/large", large));
        await using target = await stagingTarget();
        const events: TransferEvent[] = [];
        await transfer(files, { target, onEvent: (event) => events.push(event) });
        assert.equal(target.published.length, files.length);
        assertFile(target.pathOf("large"), large);
        const failures = server.requests.filter((request) => request.status === 503).length;
        assert.ok(failures >= 3);
        const answers = events.filter((event) => event.type === "retry" || event.type === "hedge").length;
        assert.ok(answers >= failures, `${answers} retries and races for ${failures} failures`);
        // An answer that is late on a busy machine is raced, and the loser's bytes come twice.
        const races = events.filter((event) => event.type === "hedge" && event.path === "large").length;
        assert.ok(server.refetchedBytes("/large") <= races * longestRange);
        assert.ok(server.requests.length <= files.length * 3 + 40, `${server.requests.length} requests`);
      });
    }

    const told: readonly [string, FaultAction, number][] = [
      ["Retry-After in seconds", { type: "status", status: 429, retryAfter: 3 }, 3000],
      ["Retry-After as a date", { type: "status", status: 503, retryAfter: 4, retryAfterAsDate: true }, 3000],
      [
        "a RateLimit window and an HTML body",
        {
          type: "status",
          status: 429,
          headers: { RateLimit: '"api";r=0;t=3' },
          body: "<html>Too many requests</html>",
          contentType: "text/html",
        },
        3000,
      ],
    ];
    for (const [name, fault, quietMs] of told) {
      test(`[E4] ${name} is obeyed by every connection to the host`, async () => {
        await using server = await startFaultServer({ rules: [{ when: { request: 6 }, times: 1, fault }] });
        const content = generatedContent({ seed: 3, size: 100_000 });
        const files = Array.from({ length: 30 }, (_, index) => serve(server, `/file-${index}`, content));
        await using target = await stagingTarget();
        let toldAt = Number.POSITIVE_INFINITY;
        const onEvent = (event: TransferEvent): void => {
          if (event.type === "cool-down") toldAt = Math.min(toldAt, performance.now());
        };
        await transfer(files, { target, maxConnections: 4, onEvent });
        assert.equal(target.published.length, files.length);
        assert.ok(server.requests.some((request) => request.startedAt > toldAt + quietMs - 50));
        const from = toldAt + latestKnownMs;
        const during = server.requests.filter(({ startedAt }) => startedAt > from && startedAt < toldAt + quietMs - 50);
        assert.deepEqual(during.map(describeRequest), []);
      });
    }

    test("[E4] a Retry-After longer than anyone would wait is an error that says so", async () => {
      await using server = await startFaultServer({
        rules: [{ fault: { type: "status", status: 503, retryAfter: 86_400 } }],
      });
      const file = serve(server, "/model", generatedContent({ seed: 4, size: 1000 }));
      await using target = await stagingTarget();
      const clock = hastyClock();
      const error = await rejectsWith(
        transfer([file], { target, clock, maxAttempts: 3 }),
        "unavailable",
        "rate_limited",
      );
      assert.equal(error.httpStatus, 503);
      assert.ok(clock.monotonic() - performance.now() < 3 * 600_000, "waited for hours");
    });

    test("[E4] a service that is down for good ends as unavailable after the attempts it has", async () => {
      await using server = await startFaultServer({ rules: [{ fault: { type: "status", status: 500 } }] });
      const file = serve(server, "/model", generatedContent({ seed: 5, size: 1000 }));
      await using target = await stagingTarget();
      const error = await rejectsWith(transfer([file], { target, maxAttempts: 3 }), "unavailable");
      assert.equal(error.retry, "exhausted");
      assert.equal(error.attempts, 3);
      assert.equal(server.requests.length, 3);
    });
  });

  describe("a service that refuses", { timeout: 120_000 }, () => {
    for (const [status, code] of [
      [404, "not_found"],
      [410, "not_found"],
      [400, "protocol"],
      [405, "protocol"],
    ] as const) {
      test(`${status} is not repeated`, async () => {
        await using server = await startFaultServer({ rules: [{ fault: { type: "status", status } }] });
        const file = serve(server, "/model", generatedContent({ seed: 6, size: 1000 }));
        await using target = await stagingTarget();
        await rejectsWith(transfer([file], { target }), code);
        assert.equal(server.requests.length, 1);
      });
    }

    for (const [status, code] of [
      [401, "unauthenticated"],
      [403, "permission_denied"],
    ] as const) {
      test(`${status} for a fresh signature is an error and not asked again and again`, async () => {
        await using server = await startFaultServer({ rules: [{ fault: { type: "status", status } }] });
        let located = 0;
        const file = serve(server, "/model", generatedContent({ seed: 7, size: 1000 }), { onLocate: () => located++ });
        await using target = await stagingTarget();
        await rejectsWith(transfer([file], { target }), code);
        assert.ok(located >= 1 && located <= 3, `located ${located} times`);
        assert.ok(server.requests.length <= 3, `${server.requests.length} requests`);
      });
    }

    test("[F26] [E14] signatures that expire in the middle are renewed at the same offset and nothing is fetched twice", async () => {
      await using server = await startFaultServer({
        rules: [
          { when: { usedUp: { parameter: "sig", bytes: 10 * mebibyte } }, fault: { type: "status", status: 403 } },
        ],
      });
      const content = generatedContent({ seed: 8, size: 48 * mebibyte });
      serve(server, "/model", content);
      let located = 0;
      const file = httpFile(server, "/model", content, {
        query: (count) => `?sig=${count}`,
        onLocate: () => located++,
      });
      await using target = await stagingTarget();
      const events: TransferEvent[] = [];
      await transfer([file], { target, maxAttempts: 2, onEvent: (event) => events.push(event) });
      assertFile(target.pathOf("model"), content);
      assert.equal(server.refetchedBytes("/model"), 0);
      assert.ok(located >= 2, `located ${located} times`);
      assert.ok(server.requests.some((request) => request.status === 403));
      assert.ok(events.some((event) => event.type === "relocate"));
      assert.ok(server.requests.filter((request) => request.status === 403).length <= 8 * located);
    });

    test("[F26] a signature that expires while its answer is being read does not break that answer", async () => {
      await using server = await startFaultServer();
      const content = generatedContent({ seed: 9, size: 24 * mebibyte });
      serve(server, "/model", content);
      const expiresAt = Date.now() + 300;
      const file = httpFile(server, "/model", content, { query: (count) => `?sig=${count}`, expiresAt });
      server.addRule({ fault: { type: "slow", bytesPerSecond: 8 * mebibyte } });
      await using target = await stagingTarget();
      await transfer([file], { target });
      assertFile(target.pathOf("model"), content);
      assert.ok(server.refetchedBytes("/model") <= ioUnit);
    });
  });
});

function describeRequest(request: RecordedRequest): string {
  return `${request.path} on connection ${request.connection} at ${request.startedAt}`;
}
