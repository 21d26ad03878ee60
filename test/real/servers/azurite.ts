import { existsSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { findTool } from "../../support/run-tool.ts";
import { cacheDirectory } from "./cache-directory.ts";
import { install } from "./install.ts";
import { freePort, startProcess } from "./start-process.ts";

const version = "3.35.0";
const tls = (name: string): string => new URL(`../../support/tls/${name}`, import.meta.url).pathname;

/** Microsoft's own emulator, once over http and once over https, where it takes tokens too. */
export interface Azurite {
  readonly description: string;
  readonly url: string;
  readonly secureUrl: string;
  readonly account: string;
  /** Base64. */
  readonly accountKey: string;
  stop(): Promise<void>;
}

/** Azurite from PATH, the cache, or npm. Throws `Unavailable` when it cannot be had; `limitMs` bounds the installation. */
export async function startAzurite(limitMs: number): Promise<Azurite> {
  const directory = await cacheDirectory("azurite");
  const cached = join(directory, "node_modules", ".bin", "azurite-blob");
  const installed = findTool("azurite-blob");
  if (installed === undefined && !existsSync(cached)) {
    const args = ["install", "--prefix", directory, "--no-audit", "--no-fund", "--omit=dev", `azurite@${version}`];
    await install("Azurite", { command: "npm", args }, limitMs);
  }
  const command = installed ?? cached;
  const account = "testaccount";
  const accountKey = Buffer.from("an account key of thirty-two byte").toString("base64");
  const start = async (scheme: "http" | "https") => {
    const port = await freePort();
    const secure =
      scheme === "http" ? [] : ["--oauth", "basic", "--cert", tls("server.pem"), "--key", tls("server-key.pem")];
    const stop = await startProcess({
      command,
      args: [
        "--blobHost",
        "127.0.0.1",
        "--blobPort",
        String(port),
        "--inMemoryPersistence",
        "--disableTelemetry",
        "--skipApiVersionCheck",
        "--silent",
        ...secure,
      ],
      // It fetches the source of a copy itself, and has to trust its own certificate for that.
      env: { AZURITE_ACCOUNTS: `${account}:${accountKey}`, NODE_EXTRA_CA_CERTS: tls("ca.pem") },
      ready: () => takesConnections(port),
      limitMs: 60_000,
    });
    return { url: `${scheme}://127.0.0.1:${port}`, stop };
  };
  const [plain, secure] = await Promise.all([start("http"), start("https")]);
  return {
    description: `Azurite (${command})`,
    url: plain.url,
    secureUrl: secure.url,
    account,
    accountKey,
    stop: async () => {
      await Promise.all([plain.stop(), secure.stop()]);
    },
  };
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    }).on("error", () => resolve(false));
  });
}
