import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";

const bin = fileURLToPath(new URL("../../bin/model-agent", import.meta.url));
const packageBin = fileURLToPath(new URL("../../bin/model-agent.js", import.meta.url));

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(file: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Run> {
  return new Promise((resolve) => {
    execFile(file, args, { env }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === "number" ? error.code : error === null ? 0 : -1, stdout, stderr });
    });
  });
}

async function temporary(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "bin-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** A program called `node` that says it is Node 20 and cannot do more. */
async function oldNode(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, "node"), '#!/bin/sh\n[ "$1" = --version ] && echo v20.20.2\n[ "$1" = --version ]\n');
  await chmod(join(directory, "node"), 0o755);
}

test("from a checkout it runs on the pinned Node, also through a link from elsewhere", async (t) => {
  const directory = await temporary(t);
  await symlink(bin, join(directory, "model-agent"));
  const { code, stdout } = await run(join(directory, "model-agent"), ["--version"], { PATH: "/usr/bin:/bin" });
  const { version } = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8"));
  assert.deepEqual([code, stdout], [0, `${version}\n`]);
});

test("where only an old Node is, a checkout says one sentence", async (t) => {
  const directory = await temporary(t);
  await mkdir(join(directory, "bin"));
  const copy = join(directory, "bin", "model-agent");
  await writeFile(copy, await readFile(bin));
  await chmod(copy, 0o755);
  await oldNode(join(directory, "path"));
  const old = await run(copy, ["--version"], { PATH: `${join(directory, "path")}:/bin:/usr/bin` });
  assert.equal(old.code, 2);
  assert.match(old.stderr, /^model-agent needs Node 22\.19 or newer, and this is v20\.20\.2: run 'npm ci' .*\n$/);
});

test("the package's bin says one sentence on an old Node and exits with 2", async (t) => {
  const directory = await temporary(t);
  const source = (await readFile(packageBin, "utf8")).replace(/process\.versions\.node/g, '"20.20.2"');
  await writeFile(join(directory, "bin.mjs"), source);
  const { code, stderr, stdout } = await run(process.execPath, [join(directory, "bin.mjs")], {});
  assert.deepEqual([code, stdout], [2, ""]);
  assert.match(stderr, /^model-agent needs Node 22\.19 or newer, and this is v20\.20\.2: .*\n$/);
  assert.doesNotMatch(source, /=>|\bconst\b|\blet\b|`/);
});

test("a reader that goes away ends the process quietly", async () => {
  const { code, stderr } = await run("/bin/sh", ["-c", `"${bin}" ls / --shallow | head -1 >/dev/null`], {
    PATH: "/usr/bin:/bin",
  });
  assert.equal(code, 0);
  assert.doesNotMatch(stderr, /EPIPE|at .*\.ts/);
});
