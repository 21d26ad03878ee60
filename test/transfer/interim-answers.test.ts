import type { AddressInfo } from "node:net";
import { createServer, type Socket } from "node:net";
import { test } from "node:test";
import { directNetwork } from "../../src/network/network-profile.ts";
import { transfer } from "../../src/transfer/transfer.ts";
import { rejectsWith } from "../faults/support/rejects-with.ts";
import { stagingTarget } from "../faults/support/staging-target.ts";

test("a server that sends more interim answers than anybody reads is given up", { timeout: 60_000 }, async (t) => {
  const interim = `HTTP/1.1 103 Early Hints\r\nlink: <${"x".repeat(900)}>\r\n\r\n`.repeat(1200);
  const server = createServer((socket: Socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.write(interim));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/model`;
  await using target = await stagingTarget();
  const read = {
    ...({ kind: "http", url, headers: {}, expiresAt: Number.POSITIVE_INFINITY, secretUrl: false } as const),
    ...{ dropHeadersOnRedirect: true, network: directNetwork },
  };
  const source = {
    ...{ id: "http", provider: "http", scope: url, target: url, pin: { size: 100 } },
    locate: async () => read,
  };
  const file = { path: "model", size: 100, digests: [], priority: 0, sources: [source] } as const;
  await rejectsWith(transfer([file], { target, maxAttempts: 2 }), "protocol");
});
