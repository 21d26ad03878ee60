import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { StorageError } from "../../src/errors.ts";
import { generatedContent, generatedModel, startFaultServer } from "../../src/testing/index.ts";
import { transfer } from "../../src/transfer/transfer.ts";
import { assertFile } from "./support/assert-file.ts";
import { serve } from "./support/http-file.ts";
import { serveModel } from "./support/http-model.ts";
import { rejectsWith } from "./support/rejects-with.ts";
import { childCommand, childTask, deliverCommand, runChild } from "./support/run-child.ts";
import { stagingTarget } from "./support/staging-target.ts";
import { temporaryDirectory } from "./support/temporary-directory.ts";
import { mebibyte } from "./support/units.ts";

const content = generatedContent({ seed: 1, size: 40 * mebibyte + 29 });

function canMount(): boolean {
  return spawnSync("unshare", ["-rm", "mount", "-t", "tmpfs", "tmpfs", tmpdir()]).status === 0;
}

describe("disks that are full, broken or read-only", { concurrency: 2, timeout: 120_000 }, () => {
  test("[E12] [F20] a transfer that does not fit is refused before the first byte", async () => {
    await using server = await startFaultServer();
    const file = serve(server, "/model", content);
    await using target = await stagingTarget({ freeBytes: content.size - 1 });
    const error = await rejectsWith(transfer([file], { target }), "no_space");
    assert.equal(server.requests.length, 0);
    assert.match(error.message, /\d/);
    assert.deepEqual(target.published, []);
  });

  test("[E12] [F20] a disk that fills up under way: a clear error, nothing published, resumed when there is space", {
    skip: canMount() ? false : "needs the right to mount a tmpfs in a namespace of its own",
  }, async () => {
    await using server = await startFaultServer();
    const directory = await mkdtemp(join(tmpdir(), "disk-"));
    try {
      const task = childTask(
        server,
        { model: content, small: generatedContent({ seed: 2, size: 1000 }) },
        { directory, maxConnections: 2 },
      );
      const [node, ...args] = childCommand(task);
      const script = [
        "directory=$1; shift",
        'mount -t tmpfs -o size=24m tmpfs "$directory" || exit 9',
        '"$@"; echo "status $?" >&2',
        'test -e "$directory/final/model" && exit 8',
        'mount -o remount,size=64m "$directory" || exit 9',
        '"$@"; echo "status $?" >&2',
        'cp "$directory/final/model" "$directory.copy"',
      ].join("\n");
      const { reports, stderr, exitCode } = await runChild([
        "unshare",
        "-rm",
        "sh",
        "-c",
        script,
        "sh",
        directory,
        node,
        ...args,
      ]).ended;
      assert.equal(exitCode, 0, stderr);
      assert.match(stderr, /status 1\n.*status 0\n/s);
      assert.equal(reports[0]?.error?.code, "no_space", JSON.stringify(reports));
      assert.deepEqual(reports[0]?.published?.includes("model"), false);
      assert.equal(reports[1]?.error, undefined, reports[1]?.error?.message);
      assert.ok((reports[1]?.resumedBytes ?? 0) > 0, "resumed");
      assertFile(`${directory}.copy`, content);
    } finally {
      await rm(directory, { recursive: true, force: true });
      await rm(`${directory}.copy`, { force: true });
    }
  });

  test("[F20] a model for which there is no space leaves the others as they are and is delivered when there is", {
    skip: canMount() ? false : "needs the right to mount a tmpfs in a namespace of its own",
  }, async () => {
    await using server = await startFaultServer();
    await using root = await temporaryDirectory();
    const small = serveModel(server, "/small/", generatedModel({ seed: 1, shards: 2, shardSize: 10 * mebibyte }));
    const large = serveModel(server, "/large/", generatedModel({ seed: 2, shards: 2, shardSize: 15 * mebibyte }));
    const command = (storageUri: string, name: string): string =>
      deliverCommand({ storageUri, destination: join(root.path, name) })
        .map((word) => `'${word}'`)
        .join(" ");
    const script = [
      `mount -t tmpfs -o size=40m tmpfs '${root.path}' || exit 9`,
      command(small, "small"),
      command(large, "large"),
      command(small, "small"),
      `mount -o remount,size=90m '${root.path}' || exit 9`,
      command(large, "large"),
      command(small, "small"),
    ].join("\n");
    const { reports, stderr } = await runChild(["unshare", "-rm", "sh", "-c", script]).ended;
    assert.deepEqual(
      reports.map((report) => report.error?.code ?? report.unchanged),
      [false, "no_space", true, false, true],
      stderr + JSON.stringify(reports),
    );
  });

  test("[E12] a file system that is read-only is an error before anything is fetched", {
    skip: canMount() ? false : "needs the right to mount a tmpfs in a namespace of its own",
  }, async () => {
    await using server = await startFaultServer();
    await using root = await temporaryDirectory();
    const storageUri = serveModel(server, "/model/", generatedModel({ seed: 3, shards: 1, shardSize: mebibyte }));
    const script = `mount -t tmpfs -o ro tmpfs '${root.path}' || exit 9; exec "$@"`;
    const command = deliverCommand({ storageUri, destination: join(root.path, "model") });
    const { reports, exitCode, stderr } = await runChild(["unshare", "-rm", "sh", "-c", script, "sh", ...command])
      .ended;
    assert.equal(exitCode, 1, stderr);
    assert.equal(reports[0]?.error?.code, "permission_denied", JSON.stringify(reports));
    assert.match(reports[0]?.error?.message ?? "", /read-only/i);
    assert.equal(server.bytesServed("/model/model-00001-of-00001.safetensors"), 0);
  });

  test("[E12] [F20] a limit on file sizes is an error that names the disk, nothing is published", {
    skip: spawnSync("prlimit", ["--version"]).status === 0 ? false : "needs prlimit of util-linux",
  }, async () => {
    await using server = await startFaultServer();
    const directory = await mkdtemp(join(tmpdir(), "disk-"));
    try {
      const task = childTask(server, { model: content }, { directory, maxConnections: 2 });
      const limit = String(12 * mebibyte);
      const { reports, exitCode, signal, stderr } = await runChild([
        "prlimit",
        `--fsize=${limit}`,
        ...childCommand(task),
      ]).ended;
      assert.deepEqual([exitCode, signal], [1, null], stderr);
      assert.ok(reports[0]?.error, stderr);
      assert.notEqual(reports[0].error.code, "cancelled");
      assert.match(reports[0].error.message, /EFBIG|larger than|space/i);
      assert.equal(existsSync(join(directory, "final", "model")), false);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });

  for (const [name, error] of [
    ["EIO", Object.assign(new Error("EIO: i/o error, fsync"), { code: "EIO", syscall: "fsync" })],
    [
      "no space",
      new StorageError({ code: "no_space", operation: "publish", detail: "the disk is full", hint: "Free space." }),
    ],
  ] as const) {
    test(`[F21] [E12] ${name} when a file is synced: that file is not published, the error is told, the next run does`, async () => {
      await using server = await startFaultServer();
      const files = [
        serve(server, "/model", content),
        serve(server, "/small", generatedContent({ seed: 3, size: 999 })),
      ];
      let broken = true;
      await using target = await stagingTarget({
        beforePublish: (file) => {
          if (broken && file.path === "model") throw error;
        },
      });
      const failure = await transfer(files, { target }).then(
        () => assert.fail("the transfer succeeded"),
        (reason: unknown) => reason,
      );
      assert.ok(failure instanceof Error);
      assert.match(`${failure.message} ${String(failure.cause)}`, name === "EIO" ? /EIO/ : /disk is full/);
      assert.ok(target.published.every((file) => file.path !== "model"));
      const served = server.bytesServed("/model");
      broken = false;
      const left = files.filter((file) => !target.published.some((done) => done.path === file.path));
      await transfer(left, { target });
      assertFile(target.pathOf("model"), content);
      assert.equal(server.bytesServed("/model"), served, "the whole file was still staged");
    });
  }

  test("[E12] a staging directory that cannot be written is an error before the first byte", async () => {
    await using server = await startFaultServer();
    const file = serve(server, "/model", content);
    await using target = await stagingTarget();
    await rm(target.stagingDirectory, { recursive: true });
    await writeFile(target.stagingDirectory, "a file where a directory should be");
    await assert.rejects(transfer([file], { target }), /staging|directory/i);
    assert.equal(server.bytesServed(), 0);
  });
});
