import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { findTool } from "../../support/run-tool.ts";
import { cacheDirectory } from "./cache-directory.ts";
import { goInstall } from "./install.ts";
import { realServerKeys } from "./keys.ts";
import type { RealServer } from "./real-server.ts";
import { answersHttp, dataDirectory, freePort, startProcess } from "./start-process.ts";

/** MinIO, from PATH, the cache, or built with Go. */
export const minio: RealServer = {
  name: "MinIO",
  parameters: { service: "minio" },
  limits: {
    // Keys are paths of files to it: no empty segments, no names beyond a file's, no file that is a directory, too.
    emptySegments: false,
    maxSegmentBytes: 255,
    nestedNames: false,
  },
  departures: {},
  start: async (limitMs) => {
    const binaries = await cacheDirectory("bin");
    const cached = join(binaries, "minio");
    const installed = findTool("minio");
    if (installed === undefined && !existsSync(cached)) {
      await goInstall("MinIO", "github.com/minio/minio@latest", binaries, limitMs);
    }
    const command = installed ?? cached;
    const data = await dataDirectory("minio");
    const url = `http://127.0.0.1:${await freePort()}`;
    const stop = await startProcess({
      command,
      args: ["server", "--quiet", "--address", new URL(url).host, "--console-address", "127.0.0.1:0", data],
      env: { MINIO_ROOT_USER: realServerKeys.accessKeyId, MINIO_ROOT_PASSWORD: realServerKeys.secretAccessKey },
      ready: () => answersHttp(`${url}/minio/health/live`),
      limitMs: 30_000,
    });
    return {
      description: `MinIO (${command})`,
      url,
      keys: realServerKeys,
      stop: async () => {
        await stop();
        await rm(data, { recursive: true, force: true });
      },
    };
  },
};
