import assert from "node:assert/strict";
import { test } from "node:test";
import { directNetwork } from "../../../src/network/network-profile.ts";
import { Endpoint } from "../../../src/transfer/engine/endpoint.ts";
import { type Located, SourceAccess } from "../../../src/transfer/engine/source-access.ts";
import type { TransferSource } from "../../../src/transfer/transfer-types.ts";

const start = 1_000_000;
const endpoint = new Endpoint("https://host", "host", directNetwork, { initial: 1, max: 1 });

function located(expiresAt: number): Located {
  const url = "https://host/x";
  const fixed = { kind: "http", secretUrl: false, dropHeadersOnRedirect: true, network: directNetwork } as const;
  return { read: { ...fixed, url, headers: {}, expiresAt }, endpoint };
}

function access(expiresAt: number): SourceAccess {
  const opened = new SourceAccess({ id: "a", scope: "a", target: "a" } as TransferSource);
  opened.settle(located(expiresAt), start);
  return opened;
}

test("a read is used until twenty seconds before it expires, whether it was used before or only waited", () => {
  const waiting = access(start + 240_000);
  assert.ok(waiting.current(start + 219_000));
  assert.equal(waiting.current(start + 220_000), undefined);
  const used = access(start + 240_000);
  used.proven();
  assert.ok(used.current(start + 219_000));
  assert.equal(used.current(start + 220_000), undefined);
});

test("a read that comes all but expired is tried once", () => {
  const short = access(start + 4000);
  assert.ok(short.current(start));
  assert.ok(short.current(start + 5000));
  short.proven();
  assert.equal(short.current(start), undefined);
});

test("a read that is refused is located again, and a second refusal in a row is believed", () => {
  const refused = access(start + 240_000);
  assert.equal(refused.refused(start + 1000), true);
  assert.equal(refused.current(start + 1000), undefined);
  refused.settle(located(start + 241_000), start + 1000);
  assert.equal(refused.refused(start + 2000), false);
  const good = access(start + 240_000);
  good.refused(start);
  good.settle(located(start + 240_000), start);
  good.proven();
  assert.equal(good.refused(start), true);
});

test("a refusal after its end says nothing about the read, one of a read that came expired does", () => {
  const late = access(start + 240_000);
  for (const round of [1, 2, 3]) {
    assert.equal(late.refused(start + round * 300_000), true, String(round));
    late.settle(located(start + round * 300_000 + 240_000), start + round * 300_000);
  }
  const expired = access(start - 1);
  assert.equal(expired.refused(start), true);
  expired.settle(located(start - 1), start);
  assert.equal(expired.refused(start), false);
});
