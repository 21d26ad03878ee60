import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type FaultServerOptions, generatedContent, startFaultServer } from "../../src/testing/index.ts";
import { transfer } from "../../src/transfer/transfer.ts";
import { assertFile } from "./support/assert-file.ts";
import { serve } from "./support/http-file.ts";
import { stagingTarget } from "./support/staging-target.ts";
import { mebibyte } from "./support/units.ts";

const addresses = ["127.0.0.11", "127.0.0.12", "127.0.0.13", "127.0.0.14"];
const bandwidth = 24 * mebibyte;
const content = generatedContent({ seed: 1, size: 48 * mebibyte });
const cleanMs = (content.size / bandwidth) * 1000;

const skip = process.platform === "linux" ? false : "needs the whole of 127.0.0.0/8 on loopback";

describe("hosts with several addresses", { concurrency: true, timeout: 120_000, skip }, () => {
  const cases: readonly [string, FaultServerOptions, readonly string[]][] = [
    ["accepts connections and never answers", { addresses, deadAddresses: ["127.0.0.12"] }, addresses],
    ["refuses connections", { addresses: addresses.filter((address) => address !== "127.0.0.12") }, addresses],
  ];
  for (const [name, options, resolved] of cases) {
    test(`[E13] one address of four ${name}: hardly any time is lost, the others share the work`, async () => {
      await using server = await startFaultServer({ ...options, hostName: "models.test", bandwidth });
      const file = serve(server, "/model", content);
      await using target = await stagingTarget();
      const asked: string[] = [];
      const resolveHost = async (host: string): Promise<readonly string[]> => {
        asked.push(host);
        return resolved;
      };
      const start = performance.now();
      await transfer([file], { target, resolveHost });
      const wallMs = performance.now() - start;
      assertFile(target.pathOf("model"), content);
      assert.ok(asked.every((host) => host === "models.test"));
      assert.ok(wallMs < 3 * 1.1 * cleanMs + 3000, `${wallMs} ms against ${cleanMs} ms`);
      const used = new Set(server.requests.map((request) => request.serverAddress));
      assert.deepEqual([...used].sort(), ["127.0.0.11", "127.0.0.13", "127.0.0.14"]);
    });
  }
});
