import assert from "node:assert/strict";
import { mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { type Content, generatedContent, startFaultServer } from "../../src/testing/index.ts";
import { assertFile } from "./support/assert-file.ts";
import { childCommand, childTask, runChild } from "./support/run-child.ts";
import { temporaryDirectory } from "./support/temporary-directory.ts";
import { mebibyte } from "./support/units.ts";

const contents: Record<string, Content> = { "large.bin": generatedContent({ seed: 1, size: 400 * mebibyte + 1 }) };
for (let index = 0; index < 200; index++)
  contents[`small-${index}`] = generatedContent({ seed: index, size: 9000 + index });

/** A memory cgroup with this limit, or undefined where none can be made. */
function memoryGroup(limitBytes: number): { readonly tasks: string; remove(): void } | undefined {
  const path = `/sys/fs/cgroup/memory/model-agent-faults-${process.pid}`;
  try {
    mkdirSync(path);
    writeFileSync(join(path, "memory.limit_in_bytes"), String(limitBytes));
    return { tasks: join(path, "cgroup.procs"), remove: () => rmdirSync(path) };
  } catch {
    return undefined;
  }
}

describe("memory", { concurrency: 2, timeout: 120_000 }, () => {
  test("[E15] [F35] the resident set stays below 200 MiB whatever the files' sizes", async (t) => {
    await using server = await startFaultServer();
    await using directory = await temporaryDirectory();
    const task = childTask(server, contents, { directory: directory.path, maxConnections: 32 });
    const { reports, stderr } = await runChild(childCommand(task)).ended;
    assert.ok(reports[0], stderr);
    assert.equal(reports[0].error, undefined, reports[0].error?.message);
    const { maxRss = 0 } = reports[0];
    t.diagnostic(`peak resident set ${Math.round(maxRss / mebibyte)} MiB`);
    assert.ok(maxRss > 0 && maxRss < 200 * mebibyte, `${maxRss} bytes`);
  });

  test("[E15] a cgroup of 128 MiB is enough", async (t) => {
    const group = memoryGroup(128 * mebibyte);
    if (group === undefined) {
      t.skip("needs a writable memory cgroup (version 1)");
      return;
    }
    await using server = await startFaultServer();
    await using directory = await temporaryDirectory();
    try {
      const task = childTask(server, contents, { directory: directory.path, maxConnections: 16 });
      const script = 'echo $$ > "$1"; shift; exec "$@"';
      const child = runChild(["sh", "-c", script, "sh", group.tasks, ...childCommand(task)]);
      const { reports, signal, stderr } = await child.ended;
      assert.equal(signal, null, stderr);
      assert.equal(reports[0]?.error, undefined, reports[0]?.error?.message);
      assertFile(join(directory.path, "final", "large.bin"), contents["large.bin"] as Content);
    } finally {
      group.remove();
    }
  });
});
