import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { parseAllDocuments } from "yaml";
import { findTool } from "../../support/run-tool.ts";
import { cacheDirectory } from "../servers/cache-directory.ts";
import { goInstall } from "../servers/install.ts";
import { Unavailable } from "../servers/real-server.ts";

const run = promisify(execFile);
const chart = fileURLToPath(new URL("../../../deploy/helm/model-agent", import.meta.url));
/** The one that .ci/run builds, too. */
const helmModule = "helm.sh/helm/v3/cmd/helm@v3.22.0";

/** An object of the Kubernetes API, as far as tests name its fields. */
export interface RenderedObject {
  readonly apiVersion: string;
  readonly kind: string;
  // biome-ignore lint/suspicious/noExplicitAny: labels and annotations, read by their tests alone
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [field: string]: any };
  // biome-ignore lint/suspicious/noExplicitAny: any kind of object, read by its tests alone
  readonly [field: string]: any;
}

export interface Helm {
  readonly path: string;
  lint(args: readonly string[]): Promise<string>;
  /** The chart as release `model-agent` in namespace `ome`; fails with Helm's message. */
  render(args: readonly string[]): Promise<readonly RenderedObject[]>;
}

/**
 * Helm from PATH, from Go's directory, or from the cache; built with Go where MODEL_AGENT_TEST_APT=1 allows to install. Throws
 * {@link Unavailable} with what would help.
 */
export async function findHelm(limitMs: number): Promise<Helm> {
  const binaries = await cacheDirectory("bin");
  const cached = join(binaries, "helm");
  const find = (): string | undefined =>
    findTool("helm") ?? [join(homedir(), "go", "bin", "helm"), cached].find((path) => existsSync(path));
  if (find() === undefined) {
    const line = `GOBIN=${binaries} go install ${helmModule}`;
    if (process.env["MODEL_AGENT_TEST_APT"] !== "1")
      throw new Unavailable(`helm is not installed: "${line}" builds it`);
    await goInstall("helm", helmModule, binaries, limitMs);
  }
  const path = find() ?? cached;
  // Helm built by `go install` knows no Kubernetes version of its own.
  const version = ["--kube-version", "1.34.0"];
  return {
    path,
    lint: async (args) => (await run(path, ["lint", "--strict", chart, ...version, ...args])).stdout,
    render: async (args) => {
      const { stdout } = await run(path, ["template", "model-agent", chart, "--namespace", "ome", ...version, ...args]);
      return readObjects(stdout);
    },
  };
}

/** The objects of a stream of YAML documents. */
export function readObjects(text: string): readonly RenderedObject[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS() as RenderedObject | null)
    .filter((object) => object !== null);
}
