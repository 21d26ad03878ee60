import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { findTool } from "../support/run-tool.ts";
import {
  allowedByIgnoreFile,
  type Instruction,
  parseDockerfile,
  type ReplayedImage,
  replayDockerfile,
} from "./deploy/replay-dockerfile.ts";

const run = promisify(execFile);
const checkout = fileURLToPath(new URL("../../", import.meta.url));
const install = "npm ci --ignore-scripts";

/** Files of a clean checkout, or undefined where this is none. */
async function trackedFiles(): Promise<readonly string[] | undefined> {
  try {
    const { stdout } = await run("git", ["ls-files", "-z"], { cwd: checkout, maxBuffer: 64 * 1024 ** 2 });
    return stdout.split("\0");
  } catch {
    return undefined;
  }
}

/** The checkout's packages, installed by the same lock file, without those that only checks and tests of the checkout use. */
async function copyInstalled(target: string): Promise<void> {
  const lock = JSON.parse(await readFile(join(checkout, "package-lock.json"), "utf8")) as {
    packages: Record<string, { dev?: boolean; devOptional?: boolean }>;
  };
  const compiler = /^node_modules\/(typescript|@typescript|@types|undici-types)(\/|$)/;
  const unused = Object.entries(lock.packages)
    .filter(([path, { dev }]) => dev === true && !compiler.test(path))
    .map(([path]) => `--exclude=./${path}`);
  const packed = ["-C", checkout, ...unused, "-cf", "-", "./node_modules"];
  await run("sh", ["-c", 'tar "$@" | tar -xf - -C "$0"', target, ...packed]);
}

const tracked = await trackedFiles();
const skip =
  tracked === undefined
    ? "what an image is built from is asked of git, and this is no checkout"
    : findTool("npm") === undefined && "npm is not installed on this machine";
/** As root, the process runs as nobody, who can write nothing of the image: as in a container with a read-only root. */
const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

describe("the image, its Dockerfile carried out in plain directories", { skip }, () => {
  let directory: string;
  let instructions: readonly Instruction[];
  let image: ReplayedImage;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "image-"));
    await chmod(directory, 0o755);
    instructions = parseDockerfile(await readFile(join(checkout, "deploy", "Dockerfile"), "utf8"));
    const allowed = await allowedByIgnoreFile(join(checkout, "deploy", "Dockerfile.dockerignore"));
    image = await replayDockerfile(instructions, {
      context: checkout,
      inContext: (path) =>
        allowed(path) && (tracked ?? []).some((file) => file === path || file.startsWith(`${path}/`)),
      directory,
      env: { PATH: `${dirname(process.execPath)}:${process.env["PATH"]}`, HOME: directory },
      instead: async (command, at) => {
        if (command !== install) return false;
        await copyInstalled(at);
        return true;
      },
    });
  });
  after(() => rm(directory, { recursive: true, force: true }));

  const inImage = (path: string): string => join(image.root, path);

  /** The image's process with these arguments, as a container's runtime starts it. */
  function start(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const [program, ...fixed] = image.entrypoint;
    assert.equal(program, "node");
    const files = fixed.map((path) => (path.startsWith("/") ? inImage(path) : path));
    return spawn(process.execPath, [...files, ...args], {
      cwd: inImage(image.workDirectory),
      env: { ...image.env, HOME: join(directory, "home"), PATH: "/usr/bin:/bin", ...env },
      stdio: ["ignore", "pipe", "pipe"],
      ...user,
    });
  }

  async function outcome(args: readonly string[]): Promise<{ readonly code: number | null; readonly output: string }> {
    const child = start(args);
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text) => (output += text));
    const [code] = (await once(child, "close")) as [number | null];
    return { code, output };
  }

  test("stages are on the Node that the package wants; the installation is the lock file's, whole", async () => {
    const bases = instructions.filter(({ name }) => name === "FROM").map(({ text }) => text.split(/[\s:-]/)[1]);
    assert.deepEqual(bases, ["24", "24"]);
    assert.ok(instructions.some(({ name, text }) => name === "RUN" && text === install));
    assert.deepEqual(image.exposed, ["8080"]);
    assert.equal(image.stopSignal, "SIGTERM");
    assert.deepEqual(image.command, ["run"]);
  });

  test("it holds what runs, and neither tools nor a second Node", async () => {
    const { dependencies } = JSON.parse(await readFile(join(checkout, "package.json"), "utf8"));
    const has = async (name: string): Promise<boolean> =>
      readFile(inImage(`opt/model-agent/node_modules/${name}/package.json`)).then(
        () => true,
        () => false,
      );
    for (const name of Object.keys(dependencies)) assert.ok(await has(name), name);
    for (const name of ["typescript", "@biomejs/biome", `node-linux-${process.arch}`])
      assert.ok(!(await has(name)), name);
    assert.ok(await has(`@node-rs/crc32-linux-${process.arch}-gnu`), "the native CRC");
  });

  test("it says its version and delivers a model as nobody, with nothing of its own writable", async () => {
    const { version } = JSON.parse(await readFile(join(checkout, "package.json"), "utf8"));
    const said = await outcome(["--version"]);
    assert.equal(said.output.trim(), version);
    const source = join(directory, "source");
    const root = join(directory, "models");
    await mkdir(source);
    await mkdir(root, { mode: 0o777 });
    await chmod(root, 0o777);
    await writeFile(join(source, "config.json"), '{"model_type":"llama"}\n', { mode: 0o644 });
    await writeFile(join(source, "notes.txt"), Buffer.alloc(3_000_000, "x"), { mode: 0o644 });
    const pulled = await outcome(["pull", `local://${source}`, join(root, "llama")]);
    assert.equal(pulled.code, 0, pulled.output);
    assert.equal((await readFile(join(root, "llama", "notes.txt"))).length, 3_000_000);
  });

  test("started by options alone, as OME's chart starts its agent, it serves its probes and stops when told", async () => {
    const manifests = join(directory, "manifests");
    const root = join(directory, "agent-models");
    await mkdir(manifests);
    await mkdir(root);
    if (user.uid !== undefined) await chown(root, user.uid, user.gid);
    const options = ["--models-root-dir", root, "--num-download-worker", "2", "--manifests", manifests, "--port", "0"];
    const child = start(options, { NODE_NAME: "node-1" });
    const ended = once(child, "exit");
    const lines: string[] = [];
    try {
      const port = await new Promise<number>((resolve, reject) => {
        child.once("exit", (code) => reject(new Error(`exit ${code}: ${lines.join("\n")}`)));
        createInterface({ input: child.stderr }).on("line", (line) => {
          lines.push(line);
          if (line.includes("the agent is running")) resolve(JSON.parse(line).port);
        });
      });
      for (const path of ["/livez", "/healthz", "/metrics"]) {
        assert.equal((await fetch(`http://127.0.0.1:${port}${path}`)).status, 200, path);
      }
    } finally {
      child.kill("SIGTERM");
    }
    assert.deepEqual(await ended, [0, null]);
  });
});
