import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { safetensorsDefect, safetensorsHeaderLength } from "../../../src/models/completeness/safetensors-header.ts";
import { assemble, safetensors } from "./safetensors-file.ts";

/** What the inspection would say of a file. */
function defectOf(file: Uint8Array, fileSize = file.length): string | undefined {
  const header = safetensorsHeaderLength(file.subarray(0, 8), fileSize);
  if ("defect" in header) return header.defect;
  return safetensorsDefect(file.subarray(8, 8 + header.length), fileSize - 8 - header.length);
}

const tensor = (dtype: string, shape: unknown, begin: unknown, end: unknown) => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

test("whole files pass: any order, empty tensors and scalars, padding, sub-byte and future types, no tensors", () => {
  assert.equal(defectOf(safetensors({ a: [2, 3], b: [0], c: [] })), undefined);
  assert.equal(defectOf(assemble("{}", 0)), undefined);
  const header = {
    z: tensor("F32", [2], 8, 16),
    a: tensor("F4", [16], 0, 8),
    e: tensor("U8", [0, 7], 16, 16),
    n: tensor("F6_E3M2", [4], 16, 19),
    x: tensor("F3_NEW", [999], 19, 20),
    __metadata__: { format: "pt" },
  };
  assert.equal(defectOf(assemble(`${JSON.stringify(header)}   `, 20)), undefined);
});

const broken: readonly (readonly [title: string, file: Buffer, defect: string])[] = [
  ["too short", Buffer.from("abc"), "has 3 bytes, too few for a safetensors header"],
  [
    "of other content",
    Buffer.from("ffffffffffffff7f00000000", "hex"),
    "is no safetensors file: its first 8 bytes would mean a header of 9223372036854775807 bytes",
  ],
  [
    "cut in its header",
    safetensors({ a: [1] }).subarray(0, 40),
    "ends within its safetensors header: that takes 94 bytes, the file has 40",
  ],
  ["with a header that is no JSON", assemble("{ x", 0), "has a safetensors header that is not JSON"],
  ["with a list for a header", assemble("[]", 0), "has a safetensors header that names no tensors"],
  ["cut in its data", safetensors({ a: [8] }).subarray(0, -3), "is 3 bytes shorter than its safetensors header says"],
  [
    "with bytes appended",
    Buffer.concat([safetensors({ a: [8] }), Buffer.alloc(29)]),
    "is 29 bytes longer than its safetensors header says",
  ],
  [
    "with a hole",
    assemble(JSON.stringify({ a: tensor("U8", [4], 0, 4), b: tensor("U8", [4], 6, 10) }), 10),
    'has a safetensors header that leaves a hole before tensor "b"',
  ],
  [
    "with an overlap",
    assemble(JSON.stringify({ a: tensor("U8", [4], 0, 4), b: tensor("U8", [4], 2, 6) }), 6),
    'has a safetensors header that overlaps at tensor "b"',
  ],
  [
    "with data before the first tensor",
    assemble(JSON.stringify({ a: tensor("U8", [4], 4, 8) }), 8),
    'has a safetensors header that leaves a hole before tensor "a"',
  ],
  [
    "whose shape does not fit",
    assemble(JSON.stringify({ a: tensor("F16", [4], 0, 4) }), 4),
    'has a safetensors header in which tensor "a" takes 4 bytes where type and shape need 8',
  ],
  [
    "whose tensor ends before it begins",
    assemble(JSON.stringify({ a: tensor("U8", [4], 4, 0) }), 4),
    'has a safetensors header in which tensor "a" ends before it begins',
  ],
  ...["x", -1, 1.5, 2 ** 60, null].map(
    (offset) =>
      [
        `with the offset ${offset}`,
        assemble(JSON.stringify({ a: tensor("U8", [4], 0, offset) }), 4),
        'has a safetensors header in which tensor "a" is not described',
      ] as const,
  ),
  ...[
    null,
    1,
    {},
    [],
    tensor("U8", "4", 0, 4),
    { ...tensor("U8", [4], 0, 4), dtype: 1 },
    { dtype: "U8", shape: [4] },
  ].map(
    (value) =>
      [
        `with ${JSON.stringify(value)} for a tensor`,
        assemble(JSON.stringify({ a: value }), 4),
        'has a safetensors header in which tensor "a" is not described',
      ] as const,
  ),
];

for (const [title, file, defect] of broken) {
  test(`a file ${title} is told`, () => assert.equal(defectOf(file), defect));
}

test("any whole file passes, and cutting or growing it is always seen", () => {
  const tensors = fc.dictionary(fc.string({ minLength: 1 }), fc.array(fc.nat(4), { maxLength: 3 }), { maxKeys: 8 });
  fc.assert(
    fc.property(tensors, fc.integer({ min: 1, max: 400 }), (given, change) => {
      const { __metadata__: _, ...shapes } = given;
      const file = safetensors(shapes);
      assert.equal(defectOf(file), undefined);
      assert.notEqual(defectOf(file.subarray(0, Math.max(0, file.length - change))), undefined);
      assert.notEqual(defectOf(file, file.length + change), undefined);
    }),
  );
});

test("no bytes make the parser throw", () => {
  const hostile = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    fc.json().map((text) => assemble(text, 5)),
    fc
      .dictionary(
        fc.string(),
        fc.record({ dtype: fc.anything(), shape: fc.anything(), data_offsets: fc.array(fc.nat(9)) }),
        { maxKeys: 4 },
      )
      .map((header) =>
        assemble(
          JSON.stringify(header, (_, value) => (typeof value === "bigint" ? 0 : value)),
          9,
        ),
      ),
  );
  fc.assert(
    fc.property(hostile, (file) => {
      const defect = defectOf(file);
      assert.ok(defect === undefined || defect.length < 400);
    }),
    { numRuns: 2000 },
  );
});
