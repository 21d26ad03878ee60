import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, chmod, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { agentHouse, type House } from "../support/agent-house.ts";
import { runCommand } from "../support/cli.ts";

const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const options = { timeout: 120_000 };

async function house(t: TestContext, size = 300_000): Promise<House & { source: readonly string[]; dest: string }> {
  const found = await agentHouse(t, { shards: 2, shardSize: size });
  return {
    ...found,
    source: ["s3://models/llama", "--endpoint", found.s3.url, "--region", "us-east-1"],
    dest: join(found.directory, "llama"),
  };
}

test("pull ends with a proof; the path is the data, the rest is talk", options, async (t) => {
  const { source, dest, env } = await house(t);
  const first = await runCommand(["pull", ...source, dest], { env });
  assert.deepEqual([first.code, first.stdout], [0, `${dest}\n`], first.stderr);
  assert.match(
    first.stderr,
    /is proven: 6 files, 60\d KB, every file verified by the source's digests\.\nfetched 60\d KB in /,
  );
  await access(join(dest, ".model-agent", "proof.json"));
  const again = await runCommand(["pull", ...source, dest], { env });
  assert.equal(again.code, 0);
  assert.match(again.stderr, /is proven already: 6 files/);
  const quiet = await runCommand(["pull", ...source, dest, "--quiet"], { env });
  assert.deepEqual([quiet.code, quiet.stdout, quiet.stderr], [0, `${dest}\n`, ""]);
});

test("pull as JSON is one exact object", options, async (t) => {
  const { source, dest, env, modelBytes } = await house(t);
  const { stdout, code } = await runCommand(["pull", ...source, dest, "--format", "json", "--exclude", "tokenizer*"], {
    env,
  });
  assert.equal(code, 0);
  const result = JSON.parse(stdout);
  assert.equal(result.totals.files, 4);
  assert.equal(result.skipped.length, 2);
  assert.ok(result.fetchedBytes > modelBytes - 1000);
});

test("--dry-run changes nothing", options, async (t) => {
  const { source, dest, env } = await house(t);
  const { code, stdout } = await runCommand(["pull", ...source, dest, "--dry-run"], { env });
  assert.equal(code, 0);
  assert.match(stdout, /^fetch {4}60\d KB$/m);
  await assert.rejects(access(dest));
});

test(
  "bad input is refused before anything is done, each with its exit code and what to do next",
  options,
  async (t) => {
    const { source, dest, env, directory, s3 } = await house(t);
    const [uri = "", ...flags] = source;
    const file = join(directory, "file");
    await writeFile(file, "");
    const cases: readonly (readonly [string, readonly string[], number])[] = [
      ["an unknown scheme", ["pull", "s4://models/llama", dest], 2],
      ["an unknown parameter", ["pull", ...source, dest, "--parameter", "regoin=x"], 2],
      ["a bucket that does not exist", ["pull", "s3://no-such-bucket/llama", ...flags, dest], 4],
      ["an empty prefix", ["pull", "s3://models/nothing/", ...flags, dest], 4],
      ["a destination that is a file", ["pull", ...source, file], 2],
      ["a pattern that leaves nothing", ["pull", ...source, dest, "--include", "*.gguf"], 4],
    ];
    for (const [what, args, code] of cases) {
      const run = await runCommand(args, { env });
      assert.equal(run.code, code, `${what}: ${run.stderr}`);
      assert.match(run.stderr, /^error: .+\n {2}where: .+\n {2}hint: {2}.+\n$/, what);
      assert.equal(run.stdout, "", what);
    }
    const wrongKey = { ...env, AWS_SECRET_ACCESS_KEY: "not-the-right-secret" };
    const refused = await runCommand(["pull", uri, ...flags, dest], { env: wrongKey });
    assert.ok([14, 15].includes(refused.code), refused.stderr);
    assert.doesNotMatch(refused.stderr, /not-the-right-secret/);
    await assert.rejects(access(dest));
    const { requests, failures } = s3.counters.of("GetObject");
    assert.equal(requests, failures);
  },
);

test(
  "verify finds damage, says where, and after --repair the next pull fetches that file and nothing else",
  options,
  async (t) => {
    const { source, dest, env, s3 } = await house(t);
    await runCommand(["pull", ...source, dest], { env });
    const intact = await runCommand(["verify", dest]);
    assert.deepEqual([intact.code, intact.stdout], [0, ""], intact.stderr);
    const shard = join(dest, "model-00002-of-00002.safetensors");
    const before = await readFile(shard);
    const rotten = Buffer.from(before);
    rotten[rotten.length - 5] = (rotten[rotten.length - 5] ?? 0) ^ 1;
    await chmod(shard, 0o644);
    await writeFile(shard, rotten);
    const damaged = await runCommand(["verify", dest, "--repair"]);
    assert.equal(damaged.code, 11);
    assert.match(damaged.stdout, /^damaged {2}model-00002-of-00002\.safetensors {2}\(bytes \d+ to \d+\)\n$/);
    s3.counters.reset();
    assert.equal((await runCommand(["pull", ...source, dest], { env })).code, 0);
    assert.deepEqual(await readFile(shard), before);
    assert.ok(s3.counters.of("GetObject").sentBytes < before.length + 10_000);
  },
);

test("rm takes what was brought and leaves what was not", options, async (t) => {
  const { source, dest, env } = await house(t);
  await runCommand(["pull", ...source, dest], { env });
  await writeFile(join(dest, "notes.txt"), "mine");
  const { code, stderr } = await runCommand(["rm", dest, "--yes"]);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /removed 6 files.*\nleft 1 that model-agent did not bring, such as notes\.txt\n/);
  assert.deepEqual(await readdir(dest), ["notes.txt"]);
});

test("Ctrl-C ends with 130, says how to go on, and the same command does", options, async (t) => {
  const { source, dest, env, directory, modelBytes, s3 } = await house(t, 20_000_000);
  const slow = ["--max-bandwidth", "10M", "--concurrency", "1"];
  const child = spawn(process.execPath, [main, "pull", ...source, dest, ...slow], {
    env: { ...env, HOME: directory, PATH: process.env["PATH"] },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const talk: string[] = [];
  child.stderr.on("data", (data: Buffer) => talk.push(data.toString()));
  while (s3.counters.of("GetObject").sentBytes < 1000) await new Promise((resolve) => setTimeout(resolve, 20));
  await new Promise((resolve) => setTimeout(resolve, 2000));
  const startedAt = performance.now();
  const ended = once(child, "exit");
  child.kill("SIGINT");
  const [code] = await ended;
  assert.equal(code, 130, talk.join(""));
  assert.ok(performance.now() - startedAt < 3000);
  assert.match(talk.join(""), /Stopping … press Ctrl-C again/);
  assert.match(talk.join(""), /hint: {2}.*(again|same command).*continue/);
  const { stdout } = await runCommand(["pull", ...source, dest, "--format", "json"], { env });
  const result = JSON.parse(stdout);
  assert.ok(result.resumedBytes + result.reusedBytes > 8_000_000, stdout);
  assert.equal(result.totals.bytes, modelBytes);
});
