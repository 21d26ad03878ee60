import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type ParsedHead, parseResponseHead, type ResponseHead } from "../../../src/transfer/http/response-head.ts";

function parse(text: string, start = 0): ParsedHead {
  const bytes = Buffer.from(text, "latin1");
  return parseResponseHead(bytes, start, bytes.length);
}

function head(text: string): ResponseHead {
  const parsed = parse(text);
  assert.ok(parsed.kind === "head", JSON.stringify(parsed));
  return parsed.head;
}

describe("heads as they should be", () => {
  test("status, fields and the place where the body starts", () => {
    const text = 'HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-4/10\r\nETag: "a"\r\nX-Empty:\r\n\r\nhello';
    const { status, minor, headers, length } = head(text);
    assert.equal(status, 206);
    assert.equal(minor, 1);
    assert.deepEqual({ ...headers }, { "content-range": "bytes 0-4/10", etag: '"a"', "x-empty": "" });
    assert.equal(text.slice(length), "hello");
  });

  test("names in any case, blanks around values, no reason phrase, HTTP/1.0", () => {
    const { minor, headers } = head("HTTP/1.0 200\r\nCoNtEnT-LeNgTh: \t 5 \t\r\n\r\n");
    assert.equal(minor, 0);
    assert.equal(headers["content-length"], "5");
  });

  test("repeated fields are joined, repeated lengths only when they agree", () => {
    assert.equal(head("HTTP/1.1 200 OK\r\nVary: a\r\nVary: b\r\n\r\n").headers["vary"], "a, b");
    assert.equal(
      head("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n").headers["content-length"],
      "5",
    );
  });

  test("a field named like something every object has is just a field", () => {
    assert.deepEqual(
      { ...head("HTTP/1.1 200 OK\r\n__proto__: x\r\nconstructor: y\r\n\r\n").headers },
      {
        ["__proto__"]: "x",
        constructor: "y",
      },
    );
  });

  test("the head may begin anywhere in the buffer", () => {
    const parsed = parse("garbageHTTP/1.1 200 OK\r\n\r\nbody", 7);
    assert.ok(parsed.kind === "head");
    assert.equal(parsed.head.length, 19);
  });
});

describe("heads that are refused", () => {
  for (const [name, text] of [
    ["another protocol", "SSH-2.0-OpenSSH\r\n\r\n"],
    ["HTTP/2 as text", "HTTP/2.0 200 OK\r\n\r\n"],
    ["a status of two digits", "HTTP/1.1 20 OK\r\n\r\n"],
    ["a status that begins with 0", "HTTP/1.1 042 OK\r\n\r\n"],
    ["two spaces before the status", "HTTP/1.1  200 OK\r\n\r\n"],
    ["a space before the colon", "HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\n"],
    ["a folded line", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n"],
    ["a line without colon", "HTTP/1.1 200 OK\r\nnonsense\r\n\r\n"],
    ["a NUL in a value", "HTTP/1.1 200 OK\r\nA: b\0c\r\n\r\n"],
    ["a bare CR in a value", "HTTP/1.1 200 OK\r\nA: b\rC: d\r\n\r\n"],
    ["a bare LF in a value", "HTTP/1.1 200 OK\r\nA: b\nContent-Length: 5\r\n\r\n"],
    ["two different lengths", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n"],
    ["two different ranges", "HTTP/1.1 206 OK\r\nContent-Range: bytes 0-1/2\r\nContent-Range: bytes 0-1/3\r\n\r\n"],
    ["an empty name", "HTTP/1.1 200 OK\r\n: b\r\n\r\n"],
  ] as const) {
    test(name, () => assert.equal(parse(text).kind, "malformed"));
  }

  test("one without end", () => {
    assert.equal(parse(`HTTP/1.1 200 OK\r\n${"A: b\r\n".repeat(20_000)}`).kind, "malformed");
  });
});

describe("whatever comes", () => {
  test("the parser never throws, and answers the same however the bytes are cut", () => {
    const token = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}$/);
    const value = fc.stringMatching(/^[\x21-\x7e]{0,20}$/);
    const good = fc
      .tuple(fc.integer({ min: 100, max: 599 }), fc.array(fc.tuple(token, value), { maxLength: 6 }))
      .map(([status, fields]) => `HTTP/1.1 ${status} x\r\n${fields.map(([n, v]) => `${n}: ${v}\r\n`).join("")}\r\n`);
    const input = fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      good.map((text) => Uint8Array.from(Buffer.from(text, "latin1"))),
      fc.tuple(good, fc.nat(), fc.nat(255)).map(([text, at, byte]) => {
        const bytes = Buffer.from(text, "latin1");
        bytes[at % bytes.length] = byte;
        return Uint8Array.from(bytes);
      }),
    );
    fc.assert(
      fc.property(input, (bytes) => {
        const whole = parseResponseHead(bytes, 0, bytes.length);
        for (let end = 0; end <= bytes.length; end++) {
          const part = parseResponseHead(bytes, 0, end);
          if (part.kind === "head") assert.deepEqual(part, whole);
          if (part.kind === "malformed") assert.equal(whole.kind, "malformed");
        }
      }),
      { numRuns: 300 },
    );
  });

  test("what a server writes by the rules is read back", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 100, max: 999 }),
        fc.uniqueArray(
          fc.tuple(fc.stringMatching(/^[a-z][a-z0-9-]{0,10}$/), fc.stringMatching(/^[!-~]([ -~]{0,10}[!-~])?$/)),
          {
            selector: ([name]) => name,
            maxLength: 8,
          },
        ),
        (status, fields) => {
          const parsed = head(`HTTP/1.1 ${status} \r\n${fields.map(([n, v]) => `${n}:${v}\r\n`).join("")}\r\n`);
          assert.equal(parsed.status, status);
          assert.deepEqual(Object.entries(parsed.headers).toSorted(), fields.toSorted());
        },
      ),
    );
  });
});
