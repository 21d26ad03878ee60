import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AddressBook } from "../../../src/transfer/policy/address-book.ts";
import { SourceHealth } from "../../../src/transfer/policy/source-health.ts";

describe("addresses of a host", () => {
  test("are used in turn", () => {
    const book = new AddressBook();
    book.resolved(["a", "b", "c"], 0);
    assert.deepEqual(
      Array.from({ length: 6 }, () => book.pick(1, 0)[0]),
      ["a", "b", "c", "a", "b", "c"],
    );
  });

  test("come last while they are bad, the longer the oftener they failed, and are forgiven when they work", () => {
    const book = new AddressBook();
    book.resolved(["a", "b"], 0);
    book.bad("a", 0);
    assert.deepEqual(book.pick(2, 1), ["b", "a"]);
    assert.deepEqual(book.pick(2, 1), ["b", "a"]);
    assert.equal(book.pick(1, 10_001)[0], "a");
    book.bad("a", 10_001);
    assert.equal(book.pick(1, 25_000)[0], "b", "twice as long the second time");
    book.good("a");
    assert.equal(book.pick(1, 25_000)[0], "a");
  });

  test("one that failed is still better than none", () => {
    const book = new AddressBook();
    book.resolved(["a"], 0);
    book.bad("a", 0);
    assert.deepEqual(book.pick(3, 1), ["a"]);
  });

  test("are collected over several answers of DNS and forgotten after a while", () => {
    const book = new AddressBook();
    book.resolved(["a", "b"], 0);
    assert.ok(!book.stale(29_999));
    assert.ok(book.stale(30_000));
    book.resolved(["c"], 30_000);
    assert.deepEqual([...book.pick(9, 30_000)].toSorted(), ["a", "b", "c"]);
    book.resolved(["c"], 300_001);
    assert.deepEqual(book.pick(9, 300_001), ["c"]);
  });

  test("a new address does not get all connections at once", () => {
    const book = new AddressBook();
    book.resolved(["a"], 0);
    for (let count = 0; count < 100; count++) book.pick(1, 0);
    book.resolved(["a", "b"], 1);
    const picks = Array.from({ length: 10 }, () => book.pick(1, 1)[0]);
    assert.equal(picks.filter((address) => address === "b").length, 5);
  });
});

describe("sources of a file", () => {
  test("the preferred one, unless it failed lately", () => {
    const health = new SourceHealth();
    assert.equal(health.choose(["peer", "origin"], 0), 0);
    health.failed("peer", 0);
    assert.equal(health.choose(["peer", "origin"], 1), 1);
    assert.equal(health.choose(["peer", "origin"], 5001), 0);
  });

  test("of several that failed the one that is back soonest", () => {
    const health = new SourceHealth();
    health.failed("peer", 0);
    health.failed("peer", 0);
    health.failed("origin", 0);
    assert.equal(health.choose(["peer", "origin"], 1), 1);
    health.succeeded("peer");
    assert.equal(health.choose(["peer", "origin"], 1), 0);
  });
});
