import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { nearestName } from "../../src/uri/nearest-name.ts";

const names = ["endpoint", "region", "auth", "service", "secretKey", "s3"];

test("the likely typo is found, the unlikely is not", () => {
  for (const [typo, meant] of [
    ["endpont", "endpoint"],
    ["Endpoint", "endpoint"],
    ["end-point", "endpoint"],
    ["regoin", "region"],
    ["atuh", "auth"],
    ["secret_key", "secretKey"],
    ["s4", "s3"],
    ["bucket", undefined],
    ["x", undefined],
    ["", undefined],
    ["endpoint", "endpoint"],
  ] as const) {
    assert.equal(nearestName(typo, names), meant, typo);
  }
  assert.equal(nearestName("x", []), undefined);
});

test("a single swap, insertion, deletion or replacement in a name of some length is always found", () => {
  const name = fc.stringMatching(/^[a-z]{6,12}$/);
  fc.assert(
    fc.property(name, fc.nat(), fc.constantFrom("swap", "insert", "delete", "replace"), (word, position, kind) => {
      const at = position % (word.length - 1);
      const [head, tail] = [word.slice(0, at), word.slice(at)];
      const typo = {
        swap: `${head}${tail[1]}${tail[0]}${tail.slice(2)}`,
        insert: `${head}x${tail}`,
        delete: `${head}${tail.slice(1)}`,
        replace: `${head}x${tail.slice(1)}`,
      }[kind];
      assert.equal(nearestName(typo, ["0", word]), word);
    }),
  );
});
