import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { ReadFailure } from "../../../src/transfer/http/read-failure.ts";
import { classifyFailure, errorCodeOf } from "../../../src/transfer/policy/classify-failure.ts";
import { isOutage, outageDelay } from "../../../src/transfer/policy/outage.ts";
import { retryDelay } from "../../../src/transfer/policy/retry-delay.ts";
import { ScopeGuard } from "../../../src/transfer/policy/scope-guard.ts";

function failure(kind: ReadFailure["kind"], more: Partial<ReadFailure> = {}): ReadFailure {
  return { kind, detail: "x", ...more };
}

describe("what a failure calls for", () => {
  for (const [status, expected, code] of [
    [400, "permanent", "protocol"],
    [401, "refused", "unauthenticated"],
    [403, "refused", "permission_denied"],
    [404, "permanent", "not_found"],
    [408, "transient", "timeout"],
    [410, "permanent", "not_found"],
    [429, "throttled", "rate_limited"],
    [500, "transient", "unavailable"],
    [501, "permanent", "unavailable"],
    [502, "transient", "unavailable"],
    [503, "throttled", "unavailable"],
    [504, "transient", "unavailable"],
    [507, "transient", "unavailable"],
  ] as const) {
    test(`status ${status} is ${expected}`, () => {
      const told = failure("status", { httpStatus: status });
      assert.equal(classifyFailure(told), expected);
      assert.equal(errorCodeOf(told), code);
    });
  }

  test("the service's own code says more than a 400 or 500", () => {
    assert.equal(classifyFailure(failure("status", { httpStatus: 500, serviceCode: "SlowDown" })), "throttled");
    assert.equal(classifyFailure(failure("status", { httpStatus: 400, serviceCode: "RequestTimeout" })), "transient");
    assert.equal(classifyFailure(failure("status", { httpStatus: 400, serviceCode: "ExpiredToken" })), "refused");
  });

  test("broken connections are tried again, broken disks and certificates are not", () => {
    for (const kind of ["resolve", "connect", "connection", "stalled", "truncated", "protocol", "digest"] as const) {
      assert.equal(classifyFailure(failure(kind)), "transient", kind);
    }
    for (const kind of ["tls", "disk", "no-space"] as const)
      assert.equal(classifyFailure(failure(kind)), "permanent", kind);
    assert.equal(classifyFailure(failure("changed")), "changed");
    assert.equal(classifyFailure(failure("ignored-range")), "unranged");
    assert.equal(classifyFailure(failure("redirect")), "redirect");
  });
});

describe("how long to wait", () => {
  test("anywhere in a window that doubles from 100 ms to 5 s", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1000 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (attempt, value) => {
          const delay = retryDelay(attempt, false, undefined, () => value);
          assert.ok(delay >= 0 && delay <= Math.min(5000, 100 * 2 ** (attempt - 1)));
        },
      ),
    );
    assert.equal(
      retryDelay(3, false, undefined, () => 0.5),
      200,
    );
    assert.equal(
      retryDelay(100, false, undefined, () => 0.999),
      4995,
    );
  });

  test("longer when the service is overloaded, and never shorter than it says", () => {
    assert.equal(
      retryDelay(1, true, undefined, () => 0.5),
      500,
    );
    fc.assert(
      fc.property(fc.nat(60_000), fc.double({ min: 0, max: 0.999, noNaN: true }), (told, value) => {
        const delay = retryDelay(1, true, told, () => value);
        assert.ok(delay >= told && delay <= told + 500);
      }),
    );
  });
});

describe("what the readers of a bucket share", () => {
  test("retries in a burst are free, then they have to wait for their turn", () => {
    const guard = new ScopeGuard(0);
    for (let count = 0; count < 500; count++) assert.equal(guard.payRetry(0), 0);
    assert.equal(guard.payRetry(0), 100);
    assert.equal(guard.payRetry(0), 200);
    assert.equal(guard.payRetry(1000), 0);
  });

  test("a cool-down holds for everybody and is never shortened", () => {
    const guard = new ScopeGuard(0);
    assert.equal(guard.waitMs(0), 0);
    guard.coolDown(2000);
    guard.coolDown(1000);
    assert.equal(guard.waitMs(500), 1500);
    assert.equal(guard.waitMs(2000), 0);
  });
});

describe("outages", () => {
  test("a host that worked and answers nobody any more is waited for", () => {
    assert.ok(isOutage({ now: 30_000, lastAnswer: 1000, failingSince: 1000 }));
    assert.ok(isOutage({ now: 30_000, lastAnswer: 1900, failingSince: 1000 }), "answers that were still under way");
  });

  test("but not for ever, not when it never worked, and not when others get answers", () => {
    assert.ok(!isOutage({ now: 61_000, lastAnswer: 1000, failingSince: 1000 }));
    assert.ok(!isOutage({ now: 2000, lastAnswer: undefined, failingSince: 1000 }));
    assert.ok(!isOutage({ now: 30_000, lastAnswer: 20_000, failingSince: 1000 }));
  });

  test("it is asked again every second at least", () => {
    assert.ok(outageDelay(5000, () => 0.999) <= 1000);
    assert.ok(outageDelay(5000, () => 0) >= 500);
    assert.equal(
      outageDelay(10, () => 0.5),
      10,
    );
  });
});
