import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  contentLength,
  judgeResponse,
  keepsAlive,
  type ReadExpectation,
  type Verdict,
} from "../../../src/transfer/http/judge-response.ts";
import type { ResponseHead } from "../../../src/transfer/http/response-head.ts";

const now = 0;
const expected: ReadExpectation = { start: 100, end: 200, size: 1000, ranged: true };

function answer(status: number, headers: Record<string, string>): ResponseHead {
  return { status, minor: 1, headers, length: 0 };
}

function judge(status: number, headers: Record<string, string>, more: Partial<ReadExpectation> = {}): Verdict {
  return judgeResponse(answer(status, headers), { ...expected, ...more }, now);
}

function refusal(verdict: Verdict): string {
  assert.ok(verdict.kind === "refused", JSON.stringify(verdict));
  return verdict.failure.kind;
}

function range(start: number, end: number, total: number | "*" = 1000): Record<string, string> {
  return { "content-range": `bytes ${start}-${end - 1}/${total}`, "content-length": String(end - start) };
}

describe("partial answers", () => {
  test("the range that was asked for", () => {
    assert.deepEqual(judge(206, { ...range(100, 200), etag: '"a"' }), {
      kind: "body",
      offset: 100,
      length: 100,
      validator: '"a"',
    });
  });

  test("an earlier start, an earlier or later end are legal: the body tells where it lies", () => {
    for (const [start, end] of [
      [0, 200],
      [50, 150],
      [100, 150],
      [100, 1000],
    ] as const) {
      const verdict = judge(206, range(start, end));
      assert.ok(verdict.kind === "body" && verdict.offset === start && verdict.length === end - start);
    }
  });

  test("under status 200 they are taken for what their Content-Range says", () => {
    const verdict = judge(200, range(100, 200));
    assert.ok(verdict.kind === "body" && verdict.offset === 100);
  });

  test("a range that does not hold the first byte wanted is refused", () => {
    assert.equal(refusal(judge(206, range(101, 200))), "protocol");
    assert.equal(refusal(judge(206, range(0, 100))), "protocol");
  });

  test("another total means another object, no total means nothing can be checked", () => {
    assert.equal(refusal(judge(206, range(100, 200, 1001))), "changed");
    assert.equal(refusal(judge(206, range(100, 200, "*"))), "protocol");
  });

  test("contradictions are refused", () => {
    assert.equal(refusal(judge(206, { ...range(100, 200), "content-length": "99" })), "protocol");
    assert.equal(refusal(judge(206, { "content-length": "100" })), "protocol");
    assert.equal(refusal(judge(206, { "content-type": "multipart/byteranges; boundary=x" })), "protocol");
    assert.equal(refusal(judge(206, { ...range(100, 200), "content-length": "abc" })), "protocol");
  });

  test("a chunked slice has no length of its own", () => {
    const verdict = judge(206, { "content-range": "bytes 100-199/1000", "transfer-encoding": "chunked" });
    assert.ok(verdict.kind === "body" && verdict.length === undefined);
  });
});

describe("whole answers", () => {
  const whole = { start: 0, end: 1000, ranged: false } as const;

  test("are taken when the whole was wanted", () => {
    assert.deepEqual(judge(200, { "content-length": "1000" }, whole), {
      kind: "body",
      offset: 0,
      length: 1000,
      validator: undefined,
    });
  });

  test("to a range are the sign of a server that ignores ranges", () => {
    assert.equal(refusal(judge(200, { "content-length": "1000" })), "ignored-range");
    assert.equal(judge(200, { "content-length": "1000" }, { ...whole, ranged: true }).kind, "body");
  });

  test("of another length are another object, or none", () => {
    assert.equal(refusal(judge(200, { "content-length": "999" }, whole)), "changed");
    assert.equal(refusal(judge(200, { "content-length": "999", "content-type": "text/html" }, whole)), "protocol");
  });
});

describe("the version", () => {
  test("an etag that is pinned has to be there and equal", () => {
    const pinned = { etag: '"a"' };
    assert.equal(judge(206, { ...range(100, 200), etag: '"a"' }, pinned).kind, "body");
    assert.equal(refusal(judge(206, { ...range(100, 200), etag: '"b"' }, pinned)), "changed");
    assert.equal(refusal(judge(206, range(100, 200), pinned)), "protocol");
    assert.equal(refusal(judge(412, {}, pinned)), "changed");
  });

  test("so have other fields that name the version", () => {
    const pinned = { expectHeaders: { "x-goog-generation": "5" } };
    assert.equal(judge(206, { ...range(100, 200), "x-goog-generation": "5" }, pinned).kind, "body");
    assert.equal(refusal(judge(206, { ...range(100, 200), "x-goog-generation": "6" }, pinned)), "changed");
    assert.equal(refusal(judge(206, range(100, 200), pinned)), "changed");
  });

  test("a strong etag validates the rest, a weak one does not, a time of change is better than nothing", () => {
    const validator = (headers: Record<string, string>): string | undefined => {
      const verdict = judge(206, { ...range(100, 200), ...headers });
      return verdict.kind === "body" ? verdict.validator : undefined;
    };
    assert.equal(validator({ etag: '"a"', "last-modified": "x" }), '"a"');
    assert.equal(validator({ etag: 'W/"a"' }), undefined);
    assert.equal(validator({ etag: 'W/"a"', "last-modified": "yesterday" }), "last-modified yesterday");
  });
});

describe("answers without the object", () => {
  test("a compressed body is refused", () => {
    assert.equal(refusal(judge(206, { ...range(100, 200), "content-encoding": "gzip" })), "protocol");
    assert.equal(judge(206, { ...range(100, 200), "content-encoding": "identity" }).kind, "body");
  });

  test("416 says that the object changed, or contradicts itself", () => {
    assert.equal(refusal(judge(416, { "content-range": "bytes */999" })), "changed");
    assert.equal(refusal(judge(416, { "content-range": "bytes */1000" })), "protocol");
    assert.equal(refusal(judge(416, {})), "protocol");
  });

  test("redirects need a place to go to", () => {
    for (const status of [301, 302, 303, 307, 308]) {
      const verdict = judge(status, { location: "/x" });
      assert.ok(verdict.kind === "refused" && verdict.failure.kind === "redirect" && verdict.failure.location === "/x");
      assert.equal(refusal(judge(status, {})), "protocol");
    }
    assert.equal(refusal(judge(300, { location: "/x" })), "protocol");
    assert.equal(refusal(judge(304, {})), "status");
  });

  test("statuses carry what the server says about waiting, and which request it was", () => {
    const verdict = judge(503, { "retry-after": "3", "x-amz-request-id": "abc" });
    assert.ok(verdict.kind === "refused");
    assert.equal(verdict.failure.retryAfterMs, 3000);
    assert.equal(verdict.failure.requestId, "abc");
    const limited = judge(429, { ratelimit: '"api";r=0;t=20' });
    assert.ok(limited.kind === "refused" && limited.failure.retryAfterMs === 20_000);
  });
});

test("no answer ever places bytes outside of what it says itself", () => {
  const header = fc.record(
    {
      "content-range": fc.oneof(
        fc.tuple(fc.nat(1100), fc.nat(1100), fc.nat(1100)).map(([a, b, c]) => `bytes ${a}-${b}/${c}`),
        fc.string(),
      ),
      "content-length": fc.oneof(fc.nat(1100).map(String), fc.string()),
      etag: fc.constantFrom('"a"', '"b"'),
      "transfer-encoding": fc.constant("chunked"),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.constantFrom(200, 206), header, fc.boolean(), (status, headers, ranged) => {
      const present = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined));
      const want = ranged ? expected : { start: 0, end: 1000, size: 1000, ranged };
      const verdict = judgeResponse(answer(status, present as Record<string, string>), { ...want, etag: '"a"' }, now);
      if (verdict.kind !== "body") return;
      assert.equal(headers.etag, '"a"');
      assert.ok(verdict.offset <= want.start);
      if (verdict.length !== undefined) assert.ok(verdict.offset + verdict.length > want.start);
    }),
  );
});

test("connections are kept as HTTP/1.1 and HTTP/1.0 have it", () => {
  const keeps = (minor: 0 | 1, connection?: string): boolean =>
    keepsAlive({ status: 200, minor, headers: connection === undefined ? {} : { connection }, length: 0 });
  assert.deepEqual(
    [keeps(1), keeps(1, "close"), keeps(1, "Keep-Alive, Close"), keeps(0), keeps(0, "Keep-Alive")],
    [true, false, false, false, true],
  );
});

test("lengths are numbers or nothing", () => {
  const length = (headers: Record<string, string>): number | undefined => contentLength(answer(200, headers));
  assert.equal(length({ "content-length": "5" }), 5);
  assert.equal(length({ "content-length": "5", "transfer-encoding": "chunked" }), undefined);
  assert.equal(length({}), undefined);
  assert.ok(Number.isNaN(length({ "content-length": "-5" })));
  assert.ok(Number.isNaN(length({ "content-length": "0x5" })));
});

test("an encoded answer is taken where the object is stored like that, and nowhere else", () => {
  const stored = { expectHeaders: { "content-encoding": "gzip" } };
  assert.equal(judge(206, { ...range(100, 200), "content-encoding": "gzip" }, stored).kind, "body");
  assert.equal(refusal(judge(206, { ...range(100, 200), "content-encoding": "gzip" })), "protocol");
  assert.equal(refusal(judge(206, { ...range(100, 200), "content-encoding": "br" }, stored)), "changed");
  assert.equal(refusal(judge(206, range(100, 200), stored)), "changed");
});
