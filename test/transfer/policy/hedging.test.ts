import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AnswerHedge } from "../../../src/transfer/policy/answer-hedge.ts";
import { isSlowRead, medianRate } from "../../../src/transfer/policy/slow-read.ts";

const mebibyte = 1024 * 1024;

describe("late answers", () => {
  test("nothing is late before ten answers have come", () => {
    const hedge = new AnswerHedge();
    for (let count = 0; count < 9; count++) hedge.answered(20);
    assert.equal(hedge.deadlineMs, Number.POSITIVE_INFINITY);
    hedge.answered(20);
    assert.equal(hedge.deadlineMs, 1000);
  });

  test("the deadline follows what is usual, plus a margin", () => {
    const hedge = new AnswerHedge();
    for (let count = 0; count < 5000; count++) hedge.answered(50);
    assert.ok(Math.abs(hedge.deadlineMs - 750) < 5, String(hedge.deadlineMs));
    for (let count = 0; count < 5000; count++) hedge.answered(2000);
    assert.ok(Math.abs(hedge.deadlineMs - 2700) < 50, String(hedge.deadlineMs));
  });

  test("a host that is slow by nature is left alone", () => {
    const hedge = new AnswerHedge();
    for (let count = 0; count < 10; count++) hedge.answered(6000);
    assert.equal(hedge.deadlineMs, Number.POSITIVE_INFINITY);
  });

  test("second requests stay below five per cent", () => {
    const hedge = new AnswerHedge();
    let spent = 0;
    for (let count = 0; count < 10_000; count++) {
      hedge.answered(20);
      if (hedge.spend()) spent++;
    }
    assert.ok(spent <= 10 + 0.05 * 10_000, String(spent));
    assert.ok(spent > 400);
  });
});

describe("slow reads", () => {
  const pace = { ageMs: 5000, rate: mebibyte, remaining: 50 * mebibyte };

  test("ten times slower than usual, three times at the end", () => {
    assert.ok(!isSlowRead(pace, 9 * mebibyte, false));
    assert.ok(isSlowRead(pace, 11 * mebibyte, false));
    assert.ok(isSlowRead(pace, 4 * mebibyte, true));
    assert.ok(!isSlowRead(pace, 2 * mebibyte, true));
  });

  test("one byte a second is slow whatever is left of it", () => {
    assert.ok(isSlowRead({ ageMs: 2000, rate: 1, remaining: 1000 }, mebibyte, true));
  });

  test("a read that just began, or ends by itself soon, is left alone", () => {
    assert.ok(!isSlowRead({ ...pace, ageMs: 500 }, 100 * mebibyte, true));
    assert.ok(!isSlowRead({ ...pace, remaining: mebibyte }, 100 * mebibyte, true));
    assert.ok(!isSlowRead(pace, 0, true));
  });

  test("the middle of the rates", () => {
    assert.equal(medianRate([5, 1, 100]), 5);
    assert.equal(medianRate([]), 0);
  });
});
