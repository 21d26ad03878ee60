import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { ConcurrencyController } from "../../../src/transfer/policy/concurrency-controller.ts";

const mebibyte = 1024 * 1024;

/** Runs windows of half a second against a host that gives `goodput(connections)` bytes per second. */
function run(
  controller: ConcurrencyController,
  windows: number,
  goodput: (connections: number) => number,
  saturated = false,
): readonly number[] {
  return Array.from({ length: windows }, () => {
    const connections = controller.limit;
    controller.observe({
      durationMs: 500,
      bytes: goodput(connections) / 2,
      completions: 8,
      peak: connections,
      saturated,
    });
    return controller.limit;
  });
}

describe("the number of connections", () => {
  test("doubles while that brings more: 128 connections after two seconds", () => {
    const controller = new ConcurrencyController({ initial: 8, max: 256 });
    assert.deepEqual(
      run(controller, 4, (connections) => connections * 90 * mebibyte),
      [16, 32, 64, 128],
    );
  });

  test("settles where the network is full and stays near it", () => {
    const controller = new ConcurrencyController({ initial: 8, max: 256 });
    const limits = run(controller, 200, (connections) => Math.min(connections, 30) * 90 * mebibyte);
    assert.ok(
      limits.slice(20).every((limit) => limit >= 24 && limit <= 40),
      limits.slice(20).join(),
    );
  });

  test("does not grow where more connections bring nothing, and sheds what brings nothing", () => {
    const controller = new ConcurrencyController({ initial: 8, max: 256 });
    const limits = run(controller, 200, () => 1000 * mebibyte);
    assert.ok(Math.max(...limits) <= 16);
    assert.ok((limits.at(-1) ?? 0) <= 8);
  });

  test("does not grow while the machine itself is the limit", () => {
    const controller = new ConcurrencyController({ initial: 8, max: 256 });
    const limits = run(controller, 50, (connections) => connections * 90 * mebibyte, true);
    assert.ok(Math.max(...limits) <= 8, limits.join());
  });

  test("follows when more becomes possible later", () => {
    const controller = new ConcurrencyController({ initial: 8, max: 256 });
    run(controller, 20, (connections) => Math.min(connections, 8) * 90 * mebibyte);
    const limits = run(controller, 400, (connections) => Math.min(connections, 64) * 90 * mebibyte);
    assert.ok((limits.at(-1) ?? 0) > 20, String(limits.at(-1)));
  });

  test("learns nothing from windows in which the limit was not reached", () => {
    const controller = new ConcurrencyController({ initial: 8, max: 256 });
    for (let window = 0; window < 20; window++) {
      controller.observe({ durationMs: 500, bytes: 2 ** 30, completions: 8, peak: 3, saturated: false });
    }
    assert.equal(controller.limit, 8);
  });

  test("measures hosts with small files by their files", () => {
    const controller = new ConcurrencyController({ initial: 8, max: 256 });
    const window = (completions: number): void =>
      controller.observe({ durationMs: 500, bytes: 1000, completions, peak: controller.limit, saturated: false });
    window(100);
    window(200);
    assert.equal(controller.limit, 32);
  });
});

describe("overload", () => {
  test("takes back three of ten connections, once a second", () => {
    const controller = new ConcurrencyController({ initial: 100, max: 256 });
    controller.overloaded(0);
    controller.overloaded(10);
    controller.overloaded(999);
    assert.equal(controller.limit, 70);
    controller.overloaded(1000);
    assert.equal(controller.limit, 49);
  });

  test("never goes below one, never above the most", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 256 }),
        fc.array(fc.record({ goodput: fc.nat(), overloaded: fc.boolean(), saturated: fc.boolean() }), {
          maxLength: 60,
        }),
        (max, windows) => {
          const controller = new ConcurrencyController({ initial: 8, max });
          for (const [index, { goodput, overloaded, saturated }] of windows.entries()) {
            if (overloaded) controller.overloaded(index * 500);
            const { limit } = controller;
            controller.observe({ durationMs: 500, bytes: goodput, completions: 1, peak: limit, saturated });
            assert.ok(controller.limit >= 1 && controller.limit <= max);
          }
        },
      ),
    );
  });
});
