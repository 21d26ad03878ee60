import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RangeSet } from "../../../src/transfer/plan/range-set.ts";

const universe = 60;
const range = fc
  .tuple(fc.nat(universe), fc.nat(universe))
  .map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) }));
const change = fc.record({ add: fc.boolean(), range });

test("adding and removing ranges is adding and removing their bytes", () => {
  fc.assert(
    fc.property(fc.array(change), range, (changes, probe) => {
      const set = new RangeSet();
      const model = new Set<number>();
      for (const { add, range } of changes) {
        if (add) set.add(range);
        else set.remove(range);
        for (let at = range.start; at < range.end; at++) {
          if (add) model.add(at);
          else model.delete(at);
        }
      }
      const bytes = set
        .ranges()
        .flatMap(({ start, end }) => Array.from({ length: end - start }, (_, index) => start + index));
      assert.deepEqual(
        bytes,
        [...model].toSorted((a, b) => a - b),
      );
      assert.equal(set.bytes, model.size);
      assert.equal(set.empty, model.size === 0);
      const inside = bytes.filter((at) => at >= probe.start && at < probe.end);
      assert.equal(
        set.within(probe).reduce((sum, { start, end }) => sum + end - start, 0),
        inside.length,
      );
      if (probe.end > probe.start) assert.equal(set.covers(probe), inside.length === probe.end - probe.start);
    }),
  );
});

test("ranges that touch are one", () => {
  const set = new RangeSet([
    { start: 0, end: 4 },
    { start: 8, end: 9 },
    { start: 4, end: 8 },
  ]);
  assert.deepEqual(set.ranges(), [{ start: 0, end: 9 }]);
});

test("removing nothing changes nothing", () => {
  const set = new RangeSet([{ start: 0, end: 55 }]);
  set.remove({ start: 54, end: 54 });
  assert.deepEqual(set.ranges(), [{ start: 0, end: 55 }]);
  assert.ok(set.covers({ start: 0, end: 55 }));
});
