import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { s3DigestAlgorithms } from "../../../src/storage/providers/s3/digests.ts";
import { runStorageConformance } from "../../../src/testing/conformance/index.ts";
import type { RealServer, RunningServer } from "../servers/real-server.ts";
import { openReal, realBucket, removeAll } from "./open-real.ts";

/** The suite that every storage passes, on the real server; what the server itself departs in is skipped with its reason. */
export function registerConformance(server: RealServer, running: RunningServer): void {
  runStorageConformance({
    name: server.name,
    test: (name, run) => {
      const reason = server.departures[name.slice(server.name.length + 2)];
      return reason === undefined ? test(name, run) : test(name, { skip: reason }, run);
    },
    capabilities: {
      rangedReads: true,
      locates: true,
      orderedListing: true,
      delimiter: true,
      pinnedReads: true,
      digests: s3DigestAlgorithms,
      writes: true,
    },
    missingPlace: { provider: "s3", bucket: "no-such-bucket-here", key: "" },
    limits: { objectCount: 1010, ...server.limits },
    open: async () => {
      const prefix = { provider: "s3", bucket: realBucket, key: `${randomUUID()}/` } as const;
      const client = await openReal(server, running);
      return {
        client,
        prefix,
        cleanup: async () => {
          await removeAll(client, prefix.key);
          await client.close();
        },
      };
    },
  });
}
