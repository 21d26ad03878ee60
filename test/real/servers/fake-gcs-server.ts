import { existsSync } from "node:fs";
import { join } from "node:path";
import { findTool } from "../../support/run-tool.ts";
import { cacheDirectory } from "./cache-directory.ts";
import { goInstall } from "./install.ts";
import { answersHttp, freePort, startProcess } from "./start-process.ts";

export interface RunningGcsServer {
  readonly description: string;
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * fake-gcs-server in memory, from PATH, the cache, or built with Go. Throws `Unavailable` when it cannot be had; `limitMs` bounds the
 * installation only.
 */
export async function startFakeGcsServer(limitMs: number): Promise<RunningGcsServer> {
  const binaries = await cacheDirectory("bin");
  const cached = join(binaries, "fake-gcs-server");
  const installed = findTool("fake-gcs-server");
  if (installed === undefined && !existsSync(cached)) {
    await goInstall("fake-gcs-server", "github.com/fsouza/fake-gcs-server@latest", binaries, limitMs);
  }
  const command = installed ?? cached;
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const stop = await startProcess({
    command,
    args: [
      ...["-scheme", "http", "-backend", "memory", "-log-level", "error", "-host", "127.0.0.1"],
      ...["-port", String(port), "-external-url", url, "-public-host", `127.0.0.1:${port}`],
    ],
    ready: () => answersHttp(`${url}/storage/v1/b`),
    limitMs: 30_000,
  });
  return { description: `fake-gcs-server (${command})`, url, stop };
}
