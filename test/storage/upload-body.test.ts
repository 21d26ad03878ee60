import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { choosePartSize, type PartLimits } from "../../src/storage/choose-part-size.ts";
import { uploadBody } from "../../src/storage/upload-body.ts";

const upload = {
  whole: async (bytes: Uint8Array) => ["whole", bytes.length],
  parts: async (pieces: AsyncIterable<Uint8Array>) => {
    const sizes: (string | number)[] = ["parts"];
    for await (const piece of pieces) sizes.push(piece.length);
    return sizes;
  },
};

test("a body of up to one part goes whole, a longer one in parts", async () => {
  for (const [size, expected] of [
    [0, ["whole", 0]],
    [10, ["whole", 10]],
    [11, ["parts", 10, 1]],
    [30, ["parts", 10, 10, 10]],
  ] as const) {
    assert.deepEqual(await uploadBody(new Uint8Array(size), 10, upload), expected);
    const stream = async function* (): AsyncGenerator<Uint8Array> {
      for (let sent = 0; sent < size; sent += 1) yield new Uint8Array(1);
    };
    assert.deepEqual(await uploadBody(stream(), 10, upload), expected);
  }
});

test("a stream is closed when the upload fails", async () => {
  let closed = false;
  const stream = async function* (): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield new Uint8Array(10);
    } finally {
      closed = true;
    }
  };
  const failing = { ...upload, parts: () => Promise.reject(new RangeError("refused")) };
  await assert.rejects(uploadBody(stream(), 10, failing), /refused/);
  assert.ok(closed);
});

const limits: PartLimits = {
  maxParts: 10_000,
  minSize: 5 * 1024 ** 2,
  maxSize: 5 * 1024 ** 3,
  range: "5 MiB to 5 GiB",
  name: "parts",
};

test("a part size that nobody asked for is always within the limits", () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (size) => {
      const chosen = choosePartSize(Math.min(size, limits.maxSize * limits.maxParts), undefined, limits);
      assert.ok(typeof chosen === "number");
      assert.ok(chosen >= limits.minSize && chosen <= limits.maxSize);
      assert.ok(Math.min(size, limits.maxSize * limits.maxParts) / chosen <= limits.maxParts);
    }),
  );
});

test("part sizes outside the limits are refused, with what would do", () => {
  assert.equal(choosePartSize(3000, 3000, limits), 3000, "the last part may be small, and it is the only one");
  for (const wanted of [0, -1, 1.5, Number.NaN, 1024, 6 * 1024 ** 3]) {
    const refused = choosePartSize(1024 ** 3, wanted, limits);
    assert.ok(typeof refused !== "number" && /5 MiB to 5 GiB/.test(refused.hint), String(wanted));
  }
  assert.ok(typeof choosePartSize(0, 0, limits) !== "number");
  const tooMany = choosePartSize(1024 ** 4, 5 * 1024 ** 2, limits);
  assert.ok(typeof tooMany !== "number" && /109951163/.test(tooMany.hint), JSON.stringify(tooMany));
});
