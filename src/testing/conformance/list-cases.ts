import assert from "node:assert/strict";
import { compareKeys } from "../../storage/key-order.ts";
import type { CommonPrefix, ObjectInfo } from "../../storage/storage.ts";
import type { ConformanceCase } from "./conformance-case.ts";
import { type ConformanceContext, seededBytes } from "./conformance-context.ts";
import { expectError } from "./expect-error.ts";
import { namesWithin } from "./peculiar-names.ts";

const noBytes = new Uint8Array(0);

/** Rules of `list`. */
export const listCases: readonly ConformanceCase[] = [
  {
    name: "lists every object exactly once, whatever the page size",
    run: async (context) => {
      const { objectCount } = context.limits;
      const names = Array.from(
        { length: objectCount },
        (_, index) => `many/${String(index * 7919).padStart(9, "0")}.bin`,
      );
      await context.seedAll(names, () => seededBytes(3));
      for (const pageSize of [undefined, 1000, 7]) {
        const found = await context.list({ pageSize });
        assert.equal(found.length, objectCount, `page size ${pageSize}`);
        assertEntries(context, found);
        assert.deepEqual(sorted(found.map((info) => below(context, info))), names);
        assert.ok(found.every((info) => info.size === 3 && !info.directoryMarker));
      }
    },
  },
  {
    name: "yields nothing for a prefix without objects",
    run: async (context) => {
      await context.seed("there/a", noBytes);
      assert.deepEqual(await context.names({}, "not-there/"), []);
      assert.deepEqual(await context.names({}, "there/b"), []);
    },
  },
  {
    name: "takes a prefix as plain text",
    run: async (context) => {
      await context.seedAll(["mod/a", "model.bin", "model/a", "nothing"], () => noBytes);
      assert.deepEqual(sorted(await context.names({}, "mod")), ["mod/a", "model.bin", "model/a"]);
      assert.deepEqual(sorted(await context.names({}, "model")), ["model.bin", "model/a"]);
      assert.deepEqual(await context.names({}, "mod/"), ["mod/a"]);
      assert.deepEqual(await context.names({}, "model.bin"), ["model.bin"]);
    },
  },
  {
    name: "starts after a key, exclusive, whether that key exists or not",
    applies: (capabilities) => capabilities.orderedListing,
    run: async (context) => {
      await context.seedAll(["a", "b", "c", "d/e", "f"], () => noBytes);
      const after = (name: string) => context.names({ startAfter: context.uri(name).key, pageSize: 2 });
      assert.deepEqual(await after("b"), ["c", "d/e", "f"]);
      assert.deepEqual(await after("bb"), ["c", "d/e", "f"]);
      assert.deepEqual(await after("d/e"), ["f"]);
      assert.deepEqual(await after("f"), []);
    },
  },
  {
    name: "stops at maxResults, across pages",
    run: async (context) => {
      const names = Array.from({ length: 20 }, (_, index) => `file-${String(index).padStart(2, "0")}`);
      await context.seedAll(names, () => noBytes);
      for (const maxResults of [1, 3, 7, 20, 50]) {
        const found = await context.list({ maxResults, pageSize: 3 });
        assert.equal(found.length, Math.min(maxResults, 20), `maxResults ${maxResults}`);
        assertEntries(context, found);
      }
    },
  },
  {
    name: "groups by delimiter and reports each group once",
    applies: (capabilities) => capabilities.delimiter,
    run: async (context) => {
      const names = ["a.txt", "dir/b", "dir/c", "dir/sub/d", "dir2/e", "z"];
      await context.seedAll(names, () => noBytes);
      for (const pageSize of [undefined, 2]) {
        const top = await grouped(context, "", pageSize);
        assert.deepEqual(top, { names: ["a.txt", "z"], groups: ["dir/", "dir2/"] });
        const inner = await grouped(context, "dir/", pageSize);
        assert.deepEqual(inner, { names: ["dir/b", "dir/c"], groups: ["dir/sub/"] });
      }
    },
  },
  {
    name: "keeps peculiar names byte for byte",
    run: async (context) => {
      const names = namesWithin(context.limits, context.prefix.key);
      await context.seedAll(names, (name) => Buffer.from(name));
      const found = await context.list();
      assertEntries(context, found);
      assert.deepEqual(sorted(found.map((info) => below(context, info))), sorted(names));
      for (const name of names) {
        const info = await context.client.stat(context.uri(name));
        assert.equal(info.key, context.uri(name).key);
        assert.equal(info.size, Buffer.byteLength(name), name);
      }
    },
  },
  {
    name: "lists empty objects as files",
    run: async (context) => {
      await context.seedAll(["__init__.py", "pkg/__init__.py"], () => noBytes);
      const found = await context.list();
      assert.deepEqual(
        found.map((info) => [below(context, info), info.size, info.directoryMarker]),
        [
          ["__init__.py", 0, false],
          ["pkg/__init__.py", 0, false],
        ],
      );
    },
  },
  {
    name: "tells directory markers from files",
    applies: (_capabilities, limits) => limits.directoryMarkers,
    run: async (context) => {
      await context.seedAll(["dir/", "dir/file"], (name) => (name.endsWith("/") ? noBytes : seededBytes(2)));
      const found = await context.list();
      assert.deepEqual(
        found.map((info) => [below(context, info), info.directoryMarker]),
        [
          ["dir/", true],
          ["dir/file", false],
        ],
      );
    },
  },
  {
    name: "lists an object and the objects below its name",
    applies: (_capabilities, limits) => limits.nestedNames,
    run: async (context) => {
      await context.seedAll(["a", "a/b", "a/b/c"], () => seededBytes(1));
      assert.deepEqual(sorted(await context.names()), ["a", "a/b", "a/b/c"]);
    },
  },
  {
    name: "lets go when its reader stops early",
    run: async (context) => {
      await context.seedAll(["a", "b", "c", "d"], () => noBytes);
      for await (const info of context.client.list(context.prefix, { pageSize: 1 })) {
        assert.ok(info.key.length > 0);
        break;
      }
      assert.equal((await context.list()).length, 4);
    },
  },
  {
    name: "ends a listing when its signal aborts",
    run: async (context) => {
      await context.seedAll(["a", "b", "c", "d", "e", "f"], () => noBytes);
      const aborted = AbortSignal.abort();
      await expectError(() => context.list({ signal: aborted }), "cancelled");
      const controller = new AbortController();
      const listing = async (): Promise<void> => {
        for await (const _info of context.client.list(context.prefix, { pageSize: 1, signal: controller.signal })) {
          controller.abort();
        }
      };
      await expectError(listing, "cancelled");
    },
  },
  {
    name: "fails with not_found for a bucket that does not exist",
    applies: (_capabilities, _limits, missingPlace) => missingPlace,
    run: async (context) => {
      const { client, missingPlace } = context;
      assert.ok(missingPlace !== undefined);
      const listing = async (): Promise<void> => {
        for await (const _info of client.list(missingPlace)) assert.fail("a missing place lists nothing");
      };
      await expectError(listing, "not_found", client.provider);
    },
  },
];

function below(context: ConformanceContext, info: ObjectInfo): string {
  return info.key.slice(context.prefix.key.length);
}

/** UTF-8 byte order, as listings have it. */
function sorted(names: readonly string[]): string[] {
  return [...names].sort(compareKeys);
}

/** What holds for every entry of every listing. */
function assertEntries(context: ConformanceContext, found: readonly ObjectInfo[]): void {
  const keys = found.map((info) => info.key);
  assert.equal(new Set(keys).size, keys.length, "no key comes twice");
  for (const info of found) {
    assert.equal(info.uri.key, info.key, "key and uri.key agree");
    assert.equal(info.uri.provider, context.prefix.provider);
    assert.ok(info.key.startsWith(context.prefix.key), `${info.key} lies below the prefix`);
    assert.ok(Number.isSafeInteger(info.size) && info.size >= 0);
  }
  if (context.capabilities.orderedListing) assert.deepEqual(keys, sorted(keys), "keys come in UTF-8 byte order");
}

async function grouped(context: ConformanceContext, name: string, pageSize: number | undefined) {
  const groups: string[] = [];
  const onPrefix = ({ prefix }: CommonPrefix): void => {
    groups.push(prefix.slice(context.prefix.key.length));
  };
  const names = await context.names({ delimiter: "/", onPrefix, pageSize }, name);
  return { names, groups };
}
