import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BandwidthCap, divideBandwidth } from "../../../src/transfer/policy/bandwidth-cap.ts";

test("shares are fair: nobody gets more than it wants, and nothing that somebody wants is left over", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e9 }), fc.array(fc.nat(1e9), { minLength: 1 }), (total, demands) => {
      const shares = divideBandwidth(total, demands);
      const sum = shares.reduce((all, share) => all + share, 0);
      const wanted = demands.reduce((all, demand) => all + demand, 0);
      assert.ok(Math.abs(sum - Math.min(total, wanted)) <= 1e-6 * total);
      const most = Math.max(...shares);
      for (const [index, share] of shares.entries()) {
        const demand = demands[index] ?? 0;
        assert.ok(share <= demand + 1e-6);
        assert.ok(share >= demand - 1e-6 || share >= most - 1e-6 * total, "who wants more has as much as anybody");
      }
    }),
  );
});

/** Transfers that would take `wants` bytes per second each, for ten seconds of 100 ms beats. */
function simulate(
  cap: BandwidthCap,
  wants: readonly ((second: number) => number)[],
): { readonly rates: readonly number[]; readonly worst: number } {
  const shares = wants.map(() => cap.join());
  const received = wants.map(() => 0);
  const rates = wants.map(() => 0);
  let worst = 0;
  for (let now = 0; now <= 10_000; now += 100) {
    for (const [index, want] of wants.entries()) {
      rates[index] = shares[index]?.rate(received[index] ?? 0, now) ?? 0;
      received[index] = (received[index] ?? 0) + Math.min(want(now / 1000), rates[index] ?? 0) / 10;
    }
    worst = Math.max(
      worst,
      rates.reduce((sum, rate) => sum + rate, 0),
    );
  }
  for (const share of shares) share.leave();
  return { rates, worst };
}

test("one transfer alone has all of it, and has it again when others have left", () => {
  const cap = new BandwidthCap(1000);
  assert.equal(cap.join().rate(0, 0), 1000);
  const other = cap.join();
  assert.equal(other.rate(0, 0), 500);
  other.leave();
  const { rates } = simulate(new BandwidthCap(1000), [() => 5000]);
  assert.deepEqual(rates, [1000]);
});

test("several transfers together keep to it, and what one leaves unused the others get", () => {
  const cap = new BandwidthCap(1000);
  const { rates, worst } = simulate(cap, [() => 5000, () => 100, () => 5000]);
  assert.ok(worst <= 1000 * 1.3, `${worst} while the shares move`);
  const [first = 0, small = 0, third = 0] = rates;
  assert.ok(small >= 100, `${small}`);
  assert.ok(Math.abs(first - third) < 100 && first > 380, rates.join(" "));
  assert.ok(first + small + third <= 1000.01);
});

test("who paused gets its share back within a second", () => {
  const { rates } = simulate(new BandwidthCap(1000), [() => 5000, (second) => (second < 9 ? 0 : 5000)]);
  assert.ok(Math.abs((rates[1] ?? 0) - 500) < 1, rates.join(" "));
});
