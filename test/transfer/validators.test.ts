import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, type TestContext, test } from "node:test";
import { directNetwork } from "../../src/network/network-profile.ts";
import { transfer } from "../../src/transfer/transfer.ts";
import type { TransferFile } from "../../src/transfer/transfer-types.ts";
import { rejectsWith } from "../faults/support/rejects-with.ts";
import { stagingTarget } from "../faults/support/staging-target.ts";

const mebibyte = 1024 * 1024;
const size = 40 * mebibyte;
const versions = [Buffer.alloc(size, "1"), Buffer.alloc(size, "2")] as const;

interface Answer {
  readonly version: 0 | 1;
  readonly etag: string | undefined;
  /** Bytes after which the connection is cut. */
  readonly cutAfter?: number;
}

/** A server of one object that answers each request as it is told; its file has no digest that could prove what came. */
async function serve(t: TestContext, answer: (ranged: boolean, count: number) => Answer): Promise<TransferFile> {
  let count = 0;
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const [, first = "0", last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
    const ranged = request.headers.range !== undefined;
    const { version, etag, cutAfter } = answer(ranged, count);
    count += 1;
    const start = Number(first);
    const end = last === undefined || last === "" ? size : Number(last) + 1;
    response.writeHead(ranged ? 206 : 200, {
      "content-length": end - start,
      ...(etag === undefined ? {} : { etag }),
      ...(ranged ? { "content-range": `bytes ${start}-${end - 1}/${size}` } : {}),
    });
    const body = versions[version].subarray(start, end);
    if (cutAfter === undefined) response.end(body);
    else response.write(body.subarray(0, cutAfter), () => response.destroy());
  };
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/model`;
  return {
    path: "model",
    size,
    digests: [],
    priority: 0,
    sources: [
      {
        id: "test",
        provider: "http",
        scope: "test",
        target: url,
        pin: { size },
        locate: async () => ({
          kind: "http",
          url,
          headers: {},
          expiresAt: Number.POSITIVE_INFINITY,
          secretUrl: false,
          dropHeadersOnRedirect: true,
          network: directNetwork,
        }),
      },
    ],
  };
}

describe("an object that is exchanged while it is read", { timeout: 60_000 }, () => {
  for (const [how, before, after] of [
    ["loses its etag", '"1"', undefined],
    ["gets an etag", undefined, '"2"'],
  ] as const) {
    test(`and ${how} by that is read whole, as one version`, async (t) => {
      const file = await serve(t, (ranged, count) =>
        ranged && count === 0 ? { version: 0, etag: before } : { version: 1, etag: after },
      );
      await using target = await stagingTarget();
      await transfer([file], { target, maxConnections: 1 });
      assert.ok(versions[1].equals(await readFile(target.pathOf("model"))), "one version, whole");
    });
  }
});

describe("a server that keeps its etag from partial answers", { timeout: 60_000 }, () => {
  test("is read by ranges as long as they are all it is asked for", async (t) => {
    let whole = 0;
    const file = await serve(t, (ranged) => {
      if (!ranged) whole += 1;
      return { version: 0, etag: ranged ? undefined : '"1"' };
    });
    await using target = await stagingTarget();
    const result = await transfer([file], { target });
    assert.equal(whole, 0);
    assert.equal(result.fetchedBytes, size);
  });

  test("and from some whole ones, too, cannot be read for ever", async (t) => {
    const file = await serve(t, (_, count) =>
      count % 2 === 0
        ? { version: 0, etag: '"1"', cutAfter: mebibyte }
        : { version: 0, etag: undefined, cutAfter: mebibyte },
    );
    await using target = await stagingTarget();
    await rejectsWith(transfer([file], { target, maxConnections: 1 }), "precondition_failed");
    assert.deepEqual(target.published, []);
  });
});
