import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

/** An empty directory of this test alone, by its real path, removed when the test ends. */
export async function scratchDirectory(t: TestContext): Promise<string> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), "model-agent-test-")));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}
