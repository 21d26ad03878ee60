import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import { packedProvider } from "../../examples/plugin-provider/packed-provider.ts";
import { pullPacked } from "../../examples/plugin-provider/pull-packed.ts";
import { createProviderRegistry, createStorageClient } from "../../src/public/storage.ts";
import { expectError, runStorageConformance } from "../../src/testing/conformance/index.ts";

/** A library with one shelf that can be added to. */
class Library {
  readonly path: string;
  readonly #files = new Map<string, object>();
  #catalogue: Promise<void> = Promise.resolve();

  constructor(path: string) {
    this.path = path;
  }

  async add(path: string, bytes: Uint8Array): Promise<void> {
    const stored = `${createHash("md5").update(path).digest("hex")}.gz`;
    await writeFile(join(this.path, stored), gzipSync(bytes, { level: 1 }));
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    this.#files.set(path, { path, size: bytes.length, sha256, stored });
  }

  /** Writes the catalogue; calls that overlap follow each other. */
  finish(): Promise<void> {
    this.#catalogue = this.#catalogue.then(() =>
      writeFile(join(this.path, "packed.json"), JSON.stringify({ files: [...this.#files.values()] })),
    );
    return this.#catalogue;
  }
}

runStorageConformance({
  name: "plug-in that reads sequentially",
  test,
  open: async () => {
    const library = new Library(await mkdtemp(join(tmpdir(), "model-agent-packed-")));
    await library.finish();
    const registry = createProviderRegistry([packedProvider]);
    const { client, objectUri } = await createStorageClient({
      storageUri: "packed:///some/prefix/",
      registry,
      env: { PACKED_LIBRARY: library.path },
    });
    return {
      client,
      prefix: objectUri,
      seed: async (uri, bytes) => {
        await library.add(uri.key, bytes);
        await library.finish();
      },
      cleanup: () => rm(library.path, { recursive: true }),
    };
  },
  capabilities: {
    rangedReads: false,
    locates: false,
    orderedListing: true,
    delimiter: true,
    pinnedReads: true,
    digests: ["sha256"],
    writes: false,
  },
  limits: { objectCount: 100, directoryMarkers: false },
});

async function scratch(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "model-agent-packed-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

test("the example brings a model from its own scheme to disk, verified", async (t) => {
  const library = new Library(await scratch(t));
  const weights = Buffer.alloc(3_000_000, "weights");
  await library.add("llama/config.json", Buffer.from("{}"));
  await library.add("llama/sub/model.bin", weights);
  await library.add("llama/README.md", Buffer.from("read me"));
  await library.finish();
  const target = join(await scratch(t), "model");
  const paths = await pullPacked("packed:///llama/", library.path, target);
  assert.deepEqual(paths.toSorted(), ["config.json", "sub/model.bin"]);
  assert.ok(weights.equals(await readFile(join(target, "sub/model.bin"))));
});

test("the example refuses a wrong parameter by name", async () => {
  const registry = createProviderRegistry([packedProvider]);
  const open = (parameters: Record<string, string>) =>
    createStorageClient({ storageUri: "packed://shelf/llama/", registry, parameters, env: {} });
  const error = await expectError(() => open({ libary: "/x" }), "config_invalid", "packed");
  assert.match(error.message, /Did you mean "library"\?/);
  await expectError(() => open({}), "config_invalid", "packed");
});
