import { rm } from "node:fs/promises";
import { join } from "node:path";
import { findTool } from "../../support/run-tool.ts";
import { install } from "./install.ts";
import { realServerKeys } from "./keys.ts";
import { type RealServer, Unavailable } from "./real-server.ts";
import { dataDirectory, freePort, startProcess } from "./start-process.ts";

const programs = ["ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "ceph"];
const packages = ["ceph-mon", "ceph-osd", "radosgw", "ceph-common"];

/** The Ceph Object Gateway on a one-node cluster in memory, from Debian's packages. */
export const ceph: RealServer = {
  name: "Ceph Object Gateway",
  parameters: { service: "ceph" },
  limits: {},
  departures: {},
  start: async (limitMs) => {
    if (programs.some((name) => findTool(name) === undefined)) await installPackages(limitMs);
    const directory = await dataDirectory("ceph");
    const script = join(import.meta.dirname, "radosgw.sh");
    const [monitorPort, gatewayPort] = [await freePort(), await freePort()];
    const { accessKeyId, secretAccessKey } = realServerKeys;
    const stop = await startProcess({
      command: "bash",
      args: [script, directory, String(monitorPort), String(gatewayPort), accessKeyId, secretAccessKey],
      ready: (output) => output.includes("READY"),
      limitMs: 120_000,
    });
    return {
      description: `Ceph Object Gateway (${findTool("radosgw")})`,
      url: `http://127.0.0.1:${gatewayPort}`,
      keys: realServerKeys,
      stop: async () => {
        await stop();
        await rm(directory, { recursive: true, force: true });
      },
    };
  },
};

/** Installing system packages is for machines that are there for tests: the gate says so by its variable. */
async function installPackages(limitMs: number): Promise<void> {
  const line = `apt-get install ${packages.join(" ")}`;
  if (process.getuid?.() !== 0)
    throw new Unavailable(`Ceph: "${line}" is how it is installed, and this user is not root`);
  if (process.env["MODEL_AGENT_TEST_APT"] !== "1") {
    throw new Unavailable(`Ceph: "${line}" is how it is installed; MODEL_AGENT_TEST_APT=1 allows that`);
  }
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const deadline = Date.now() + limitMs;
  await install("Ceph", { command: "apt-get", args: ["update", "-qq"], env }, limitMs);
  const args = ["install", "-y", "-qq", "--no-install-recommends", ...packages];
  await install("Ceph", { command: "apt-get", args, env }, Math.max(1, deadline - Date.now()));
}
