import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { findTool } from "../../support/run-tool.ts";
import { cacheDirectory } from "./cache-directory.ts";
import { goInstall } from "./install.ts";
import { realServerKeys } from "./keys.ts";
import type { RealServer } from "./real-server.ts";
import { answersHttp, dataDirectory, freePort, startProcess } from "./start-process.ts";

/** Versity S3 Gateway over a directory, from PATH, the cache, or built with Go. */
export const versitygw: RealServer = {
  name: "Versity S3 Gateway",
  parameters: { service: "generic" },
  // Keys are paths of files to it.
  limits: { emptySegments: false, maxSegmentBytes: 255, nestedNames: false },
  encodesListings: false,
  departures: {
    "many keys": "proven on the others, which are faster",
    versions: "its directory store keeps versions only where it is set up to",
  },
  start: async (limitMs) => {
    const binaries = await cacheDirectory("bin");
    const cached = join(binaries, "versitygw");
    const installed = findTool("versitygw");
    if (installed === undefined && !existsSync(cached)) {
      await goInstall("Versity S3 Gateway", "github.com/versity/versitygw/cmd/versitygw@latest", binaries, limitMs);
    }
    const command = installed ?? cached;
    const data = await dataDirectory("versitygw");
    const url = `http://127.0.0.1:${await freePort()}`;
    const { accessKeyId, secretAccessKey } = realServerKeys;
    const stop = await startProcess({
      command,
      args: ["--port", new URL(url).host, "--access", accessKeyId, "--secret", secretAccessKey, "posix", data],
      ready: () => answersHttp(url),
      limitMs: 30_000,
    });
    return {
      description: `Versity S3 Gateway (${command})`,
      url,
      keys: realServerKeys,
      stop: async () => {
        await stop();
        await rm(data, { recursive: true, force: true });
      },
    };
  },
};
