import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { deliver } from "../../src/delivery/deliver.ts";
import { deliverToHubCache } from "../../src/delivery/hub-cache.ts";
import { bytesContent, contentDigest, generatedModel } from "../../src/testing/content/index.ts";
import { startFakeHub } from "../../src/testing/fake-hub/index.ts";
import { runTool } from "../support/run-tool.ts";
import { findHuggingFaceHub } from "./servers/huggingface-hub.ts";
import { Unavailable } from "./servers/real-server.ts";

const python = await findHuggingFaceHub(3 * 60_000).catch((error: unknown) => {
  if (error instanceof Unavailable) return error;
  throw error;
});

if (python instanceof Unavailable) test("huggingface_hub", { skip: python.message }, () => {});
else await registerAgainst(python);

/** Hugging Face's client and ours on the same fake Hub and the same cache: each finds what the other brought. */
async function registerAgainst(command: string): Promise<void> {
  const hub = await startFakeHub({
    pageSize: 3,
    tokens: [{ token: "hf_granted", user: "alice", grants: ["org/gated"] }],
  });
  const model = { ...generatedModel({ seed: 21, shards: 2, shardSize: 500_000 }), "sub/extra.txt": "extra" };
  const commit = hub.commit("org/model", model);
  hub.createRepository({ name: "org/gated", gated: "manual" }).commit({ "config.json": "{}" }, "main");
  const directories: string[] = [];
  const scratch = (): string => {
    const directory = mkdtempSync(join(tmpdir(), "hub-client-"));
    directories.push(directory);
    return directory;
  };
  after(async () => {
    await hub.close();
    for (const directory of directories) rmSync(directory, { recursive: true, force: true });
  });
  const script = (lines: string, home: string, env: Readonly<Record<string, string>> = {}): Promise<string> =>
    runTool(command, ["-W", "ignore", "-c", `from huggingface_hub import *\n${lines}`], {
      HF_ENDPOINT: hub.url,
      HF_HOME: home,
      HF_HUB_DISABLE_TELEMETRY: "1",
      HF_HUB_DISABLE_PROGRESS_BARS: "1",
      HF_HUB_DISABLE_UPDATE_CHECK: "1",
      ...env,
    });
  const request = (destination: string) => ({
    source: { storageUri: "hf://org/model", env: { HOME: destination, HF_ENDPOINT: hub.url } },
    destination,
  });
  const version = await script("import huggingface_hub; print(huggingface_hub.__version__)", scratch());
  console.log(`huggingface_hub: ${version.trim()} (${command})`);

  test("huggingface_hub: it reads the fake Hub whole, paged listing and files in LFS storage", async () => {
    const path = (await script('print(snapshot_download("org/model"))', scratch())).trim();
    assert.ok(path.endsWith(`/snapshots/${commit}`));
    for (const [name, content] of Object.entries(model)) {
      const bytes = bytesContent(await readFile(join(path, name)));
      const expected = typeof content === "string" ? bytesContent(content) : content;
      assert.equal(contentDigest(bytes, "sha256"), contentDigest(expected, "sha256"), name);
    }
    assert.deepEqual(hub.store.leaks, []);
  });

  test("huggingface_hub: it is told who may not read what", async () => {
    const lines = `
for repo, revision, token in [("org/gated", "main", False), ("org/none", "main", False), ("org/model", "nope", False), ("org/gated", "main", "hf_granted")]:
    try:
        print(type(open(hf_hub_download(repo, "config.json", revision=revision, token=token)).read()).__name__)
    except Exception as error:
        print(type(error).__name__)
`;
    const names = (await script(lines, scratch())).trim().split("\n");
    assert.deepEqual(names, ["GatedRepoError", "RepositoryNotFoundError", "RevisionNotFoundError", "str"]);
  });

  test("huggingface_hub: it finds what we delivered into its cache, without a request", async () => {
    const home = scratch();
    const { destination } = await deliverToHubCache(request(join(home, "hub")));
    const before = hub.requests.length;
    const lines = `
print(snapshot_download("org/model", local_files_only=True))
print(hf_hub_download("org/model", "sub/extra.txt", local_files_only=True))
print(try_to_load_from_cache("org/model", "config.json"))
info = scan_cache_dir()
print(len(info.warnings), [(repo.repo_id, [sorted(revision.refs) for revision in repo.revisions]) for repo in info.repos])
`;
    const offline = (await script(lines, home, { HF_HUB_OFFLINE: "1" })).trim().split("\n");
    assert.deepEqual(offline, [
      destination,
      join(destination, "sub/extra.txt"),
      join(destination, "config.json"),
      "0 [('org/model', [['main']])]",
    ]);
    assert.equal(hub.requests.length, before);
    assert.equal(await readFile(join(destination, "sub/extra.txt"), "utf8"), "extra");
  });

  test("huggingface_hub: online, it fetches no byte of what we delivered into its cache", async () => {
    const home = scratch();
    const { destination } = await deliverToHubCache(request(join(home, "hub")));
    const [resolved, stored] = [hub.count("resolve"), hub.store.requests.length];
    assert.equal((await script('print(snapshot_download("org/model"))', home)).trim(), destination);
    assert.deepEqual([hub.count("resolve"), hub.store.requests.length], [resolved, stored]);
  });

  test("huggingface_hub: what it brought into a plain directory is adopted by its digests, nothing is fetched again", async () => {
    const destination = join(scratch(), "model");
    await script(`snapshot_download("org/model", local_dir=${JSON.stringify(destination)})`, scratch());
    const result = await deliver(request(destination));
    assert.equal(result.fetchedBytes, 0);
    assert.equal(result.totals.verifiedBySource, result.totals.files);
  });
}
