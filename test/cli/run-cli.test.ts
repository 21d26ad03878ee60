import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { runCommand } from "../support/cli.ts";

/** A directory with a small model. */
async function model(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "cli-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const source = join(directory, "llama");
  await mkdir(join(source, "original"), { recursive: true });
  const files = { "config.json": '{"a":1}\n', "weights.bin": "\0".repeat(12_345), "original/notes.txt": "hello\n" };
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(source, name), content);
    await utimes(join(source, name), 1_700_000_000, 1_700_000_000);
  }
  return directory;
}

test("help is data: on stdout, exit code 0", async () => {
  const { code, stdout, stderr } = await runCommand(["--help"]);
  assert.equal(code, 0);
  assert.equal(stderr, "");
  for (const name of ["pull", "plan", "ls", "stat", "cat", "verify", "rm", "run", "status"]) {
    assert.match(stdout, new RegExp(`^  ${name} `, "m"));
  }
});

test("every command explains itself", async () => {
  for (const name of ["pull", "plan", "ls", "stat", "cat", "verify", "rm", "run", "status"]) {
    const { code, stdout } = await runCommand([name, "--help"]);
    assert.equal(code, 0, name);
    assert.match(stdout, new RegExp(`^Usage: model-agent ${name} `), name);
    assert.match(stdout, /Global Options:/, name);
  }
});

test("the version is data", async () => {
  assert.deepEqual(await runCommand(["--version"]), { code: 0, stdout: "1.2.3\n", stderr: "" });
});

test("no command is a usage error that shows the help on stderr", async () => {
  const { code, stdout, stderr } = await runCommand([]);
  assert.equal(code, 2);
  assert.equal(stdout, "");
  assert.match(stderr, /^Usage: model-agent/);
});

test("mistakes of the command line name the part and the nearest right one", async () => {
  const cases: readonly (readonly [readonly string[], string])[] = [
    [["pul", "a", "b"], "error: unknown command 'pul'\n  where: read the command line\n  hint:  Did you mean pull?\n"],
    [
      ["pull", "a", "b", "--dryrun"],
      "error: unknown option '--dryrun'\n  where: read the command line\n  hint:  Did you mean --dry-run?\n",
    ],
    [
      ["pull", "a"],
      "error: missing required argument 'dest'\n  where: read the command line\n  hint:  See `model-agent help` and `model-agent help <command>`.\n",
    ],
    [
      ["pull", "a", "b", "--max-bandwidth", "fast"],
      'error: "fast" is not a value it takes\n  where: read the command line --max-bandwidth\n  hint:  Give a size such as 100M, 1.5Gi or 250000 (K, M, G are powers of 1000; Ki, Mi, Gi of 1024).\n',
    ],
    [
      ["ls", "a", "--parameter", "region"],
      'error: "region" has no value\n  where: read the command line --parameter\n  hint:  Write it as key=value, such as --parameter region=eu-west-1.\n',
    ],
  ];
  for (const [args, expected] of cases) {
    assert.deepEqual(await runCommand(args), { code: 2, stdout: "", stderr: expected });
  }
});

test("a value that was mistyped is not repeated when it may be a secret", async () => {
  const { stderr } = await runCommand(["ls", "a", "--parameter", "=s3cr3tvalue"]);
  assert.doesNotMatch(stderr, /s3cr3t/);
  const unknown = await runCommand(["ls", "s3://bucket/x", "--parameter", "secret_acces_key=s3cr3tvalue"]);
  assert.equal(unknown.code, 2);
  assert.doesNotMatch(unknown.stderr, /s3cr3t/);
});

test("a secret that was given never comes back, not even in the debug log", async (t) => {
  const { code, stdout, stderr } = await runCommand(
    ["ls", join(await model(t), "nothing"), "--parameter", "secret_access_key=abc/def+ghi", "--log-level", "debug"],
    { env: { AWS_SECRET_ACCESS_KEY: "from-environment-1" } },
  );
  assert.notEqual(code, 0);
  assert.doesNotMatch(stdout + stderr, /abc\/def|from-environment/);
});

test("ls prints one line per object on stdout and the sum on stderr", async (t) => {
  const directory = await model(t);
  assert.deepEqual(await runCommand(["ls", join(directory, "llama")]), {
    code: 0,
    stdout: [
      "      8 B  2023-11-14 22:13  config.json",
      "      6 B  2023-11-14 22:13  original/notes.txt",
      "  12.3 KB  2023-11-14 22:13  weights.bin",
      "",
    ].join("\n"),
    stderr: "3 entries, 12.4 KB\n",
  });
});

test("ls with filters, one level only, quiet", async (t) => {
  const llama = join(await model(t), "llama");
  const filtered = await runCommand([
    "ls",
    llama,
    "--include",
    "*.json",
    "--include",
    "*.txt",
    "--exclude",
    "original/**",
    "-q",
  ]);
  assert.deepEqual([filtered.stdout.split("\n").length - 1, filtered.stderr], [1, ""]);
  const shallow = await runCommand(["ls", llama, "--shallow", "-q"]);
  assert.match(shallow.stdout, /^ +- +- +original\/$/m);
});

test("ls as JSON is one exact object per line", async (t) => {
  const { stdout } = await runCommand(["ls", join(await model(t), "llama"), "--format", "json"]);
  const objects = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    objects.map(({ path, size }) => [path, size]),
    [
      ["config.json", 8],
      ["original/notes.txt", 6],
      ["weights.bin", 12_345],
    ],
  );
  assert.equal(objects[0]?.lastModified, "2023-11-14T22:13:20.000Z");
});

test("ls of one object is that object; ls of nothing is exit code 4", async (t) => {
  const directory = await model(t);
  const one = await runCommand(["ls", join(directory, "llama", "config.json"), "-q"]);
  assert.match(one.stdout, /config\.json\n$/);
  const nothing = await runCommand(["ls", join(directory, "nothing")]);
  assert.equal(nothing.code, 4);
  assert.match(nothing.stderr, /^error: .*\n {2}where: .*nothing.*\n {2}hint: {2}/);
});

test("stat shows what the source says, and that it says no digest", async (t) => {
  const { stdout, code } = await runCommand(["stat", join(await model(t), "llama", "weights.bin")]);
  assert.equal(code, 0);
  assert.match(stdout, /^size {6}12345 bytes \(12\.3 KB\)$/m);
  assert.match(stdout, /^digests {3}none: not verified by source$/m);
});

test("cat writes bytes and ranges; binary does not go to a terminal", async (t) => {
  const llama = join(await model(t), "llama");
  assert.equal((await runCommand(["cat", join(llama, "original/notes.txt")])).stdout, "hello\n");
  const range = await runCommand(["cat", join(llama, "original/notes.txt"), "--offset", "1", "--length", "3"]);
  assert.equal(range.stdout, "ell");
  const refused = await runCommand(["cat", join(llama, "weights.bin")], { terminal: true });
  assert.deepEqual([refused.code, refused.stdout], [2, ""]);
});

test("plan says what would be fetched, skipped and why, and changes nothing", async (t) => {
  const directory = await model(t);
  const args = ["plan", join(directory, "llama"), join(directory, "out"), "--exclude", "original/**"];
  const { code, stdout } = await runCommand(args);
  assert.equal(code, 0);
  const [table = "", facts = ""] = stdout.replaceAll(directory, "$DIR").split("\n\n");
  assert.equal(
    table,
    [
      "FILE                   SIZE  ACTION  NOTE",
      "config.json             8 B  fetch   not verified by source",
      "weights.bin         12.3 KB  fetch   not verified by source",
      "original/notes.txt      6 B  skip    excluded by original/**",
    ].join("\n"),
  );
  assert.match(facts, /^to {7}\$DIR\/out$/m);
  assert.match(facts, /^model {4}2 files, 12\.4 KB$/m);
  assert.match(facts, /^skip {5}1 files, 6 B$/m);
  assert.match(facts, /^disk {5}\d+(\.\d+)? [KMG]B needed, .* free$/m);
  const json = JSON.parse((await runCommand([...args, "--format", "json"])).stdout);
  assert.deepEqual([json.totalBytes, json.fetchBytes, json.files.length], [12_353, 12_353, 2]);
  assert.equal((await runCommand(["verify", join(directory, "out")])).code, 4);
});

test("errors as JSON are one object on stderr", async () => {
  const { code, stdout, stderr } = await runCommand(["--format", "json", "stat", "s9://bucket/x"]);
  assert.deepEqual([code, stdout], [2, ""]);
  const { error } = JSON.parse(stderr);
  assert.deepEqual([error.code, error.exitCode], ["config_invalid", 2]);
  assert.equal(error.stack, undefined);
});

test("rm asks, and without anybody to ask needs --yes", async (t) => {
  const directory = await model(t);
  const { code, stderr } = await runCommand(["rm", join(directory, "llama")]);
  assert.equal(code, 2);
  assert.match(stderr, /--yes/);
  const foreign = await runCommand(["rm", "--yes", join(directory, "llama")]);
  assert.equal(foreign.code, 17);
});

test("status of an agent that is not there says how to reach one", async (t) => {
  const directory = await model(t);
  const { code, stderr } = await runCommand(["status", "--models-root", directory]);
  assert.equal(code, 4);
  assert.match(stderr, /--models-root/);
  const nobody = await runCommand(["status", "--url", "http://127.0.0.1:1"]);
  assert.equal(nobody.code, 5);
});

test("a command that is cancelled exits with 130 and says how to go on", async (t) => {
  const llama = join(await model(t), "llama");
  const { code, stderr } = await runCommand(["ls", llama], {
    signal: AbortSignal.abort(new DOMException("x", "AbortError")),
  });
  assert.equal(code, 130);
  assert.match(stderr, /hint: {2}.*[Rr]un /);
});
