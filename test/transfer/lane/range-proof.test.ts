import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { RangeAlgorithm } from "../../../src/storage/digest.ts";
import { loadCrc } from "../../../src/transfer/digest/crc.ts";
import { ReadFailureError } from "../../../src/transfer/http/read-failure.ts";
import type { PartSpec } from "../../../src/transfer/lane/lane-messages.ts";
import { PartSink, type Piece } from "../../../src/transfer/lane/part-sink.ts";
import { RangeProof } from "../../../src/transfer/lane/range-proof.ts";
import { scratchDirectory } from "../../support/scratch-directory.ts";

const rangeSize = 256;
const data = randomBytes(600);
const crc64 = await loadCrc("crc64nvme");

function digestOf(algorithm: RangeAlgorithm, bytes: Uint8Array): string {
  if (algorithm === "md5") return createHash("md5").update(bytes).digest("hex");
  const crc = crc64();
  crc.update(bytes);
  return crc.take();
}

/** A part of two ranges and a short one, and what is reported of it. */
async function house(directory: string, algorithm: RangeAlgorithm) {
  const crc = (await loadCrc(algorithm === "md5" ? "crc32" : algorithm))();
  const digests = { algorithm, rangeSize };
  const proof = new RangeProof(crc, digests, { start: 0, size: data.length });
  const pieces: Piece[] = [];
  const path = join(directory, `${algorithm}.part`);
  const spec: PartSpec = {
    part: 1,
    start: 0,
    end: data.length,
    size: data.length,
    file: { kind: "create", path, mode: 0o600 },
    crc: algorithm === "md5" ? "crc32" : algorithm,
    unitSize: rangeSize,
    cuts: [],
    proof: digests,
    spans: [],
    journal: undefined,
  };
  const sink = new PartSink(spec, proof, [], (piece) => {
    if (proof.proven) pieces.push(piece);
  });
  const expect = (start: number) =>
    proof.expect(start, digestOf(algorithm, data.subarray(start, Math.min(data.length, start + rangeSize))));
  return { proof, sink, pieces, expect, path };
}

const kindOf = (kind: string) => (error: unknown) => error instanceof ReadFailureError && error.failure.kind === kind;

for (const algorithm of ["crc64nvme", "md5"] as const) {
  test(`${algorithm}: a range that is not what the server told is set back to its beginning, and not reported`, async (t) => {
    const { sink, pieces, expect, path } = await house(await scratchDirectory(t), algorithm);
    expect(0);
    sink.accept(0, data, 0, 300);
    assert.deepEqual([sink.frontier, pieces.map(({ end }) => end)], [300, [256]]);
    expect(256);
    const damaged = Buffer.from(data);
    damaged[400] = (damaged[400] ?? 0) ^ 1;
    assert.throws(() => sink.accept(300, damaged, 300, 600), kindOf("digest"));
    assert.equal(sink.frontier, 256);
    // Who reads beside it is ahead now, and tries again.
    assert.throws(() => sink.accept(400, data, 400, 500), kindOf("digest"));
    for (const start of [256, 512]) expect(start);
    sink.accept(256, data, 256, 600);
    assert.ok(sink.complete);
    assert.deepEqual(
      pieces.map(({ start, end }) => [start, end]),
      [
        [0, 256],
        [256, 512],
        [512, 600],
      ],
    );
    sink.close();
    assert.ok(data.equals(readFileSync(path)));
  });

  test(`${algorithm}: a range of which nothing was told is not believed, the beginning of one is not reported`, async (t) => {
    const { proof, sink, pieces, expect } = await house(await scratchDirectory(t), algorithm);
    assert.deepEqual(proof.rangeAt(599), { start: 512, end: 600 });
    assert.throws(() => sink.accept(0, data, 0, 300), kindOf("digest"));
    expect(0);
    sink.accept(0, data, 0, 300);
    sink.shrink(sink.frontier);
    assert.deepEqual(
      pieces.map(({ end }) => end),
      [256],
    );
    sink.discard();
  });
}
