import { existsSync } from "node:fs";
import { join } from "node:path";
import { findTool } from "../../support/run-tool.ts";
import { cacheDirectory } from "./cache-directory.ts";
import { install } from "./install.ts";
import { realServerKeys } from "./keys.ts";
import type { RealServer } from "./real-server.ts";
import { answersHttp, freePort, startProcess } from "./start-process.ts";

/** moto's S3 (Python), from PATH, the cache, or pip. It answers much like Amazon and verifies neither keys nor checksums. */
export const moto: RealServer = {
  name: "moto",
  parameters: { service: "generic" },
  limits: {},
  departures: {
    "many keys": "proven on the others, which are faster",
    "wrong keys": "it takes every key",
    "rclone uploads": "it answers 400 to the parts of rclone 1.60",
  },
  start: async (limitMs) => {
    const environment = await cacheDirectory("moto");
    const cached = join(environment, "bin", "moto_server");
    const installed = findTool("moto_server");
    if (installed === undefined && !existsSync(cached)) {
      const deadline = Date.now() + limitMs;
      await install("moto", { command: "python3", args: ["-m", "venv", environment] }, limitMs);
      const pip = ["-m", "pip", "install", "--quiet", "moto[s3,server]"];
      await install("moto", { command: join(environment, "bin", "python"), args: pip }, deadline - Date.now());
    }
    const command = installed ?? cached;
    const url = `http://127.0.0.1:${await freePort()}`;
    const { port } = new URL(url);
    const stop = await startProcess({
      command,
      args: ["-H", "127.0.0.1", "-p", port],
      ready: () => answersHttp(url),
      limitMs: 60_000,
    });
    return { description: `moto (${command})`, url, keys: realServerKeys, stop };
  },
};
