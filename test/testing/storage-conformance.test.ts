import assert from "node:assert/strict";
import { test } from "node:test";
import { StorageError } from "../../src/errors.ts";
import { MemoryStorage } from "../../src/storage/providers/memory/client.ts";
import { MemoryStore } from "../../src/storage/providers/memory/memory-store.ts";
import type {
  Capabilities,
  ListOptions,
  LocateOptions,
  ObjectInfo,
  PutBody,
  PutOptions,
} from "../../src/storage/storage.ts";
import { runStorageConformance } from "../../src/testing/conformance/index.ts";
import type { ObjectUri } from "../../src/uri/object-uri.ts";
import { withKey } from "../../src/uri/with-key.ts";

const capabilities: Capabilities = {
  rangedReads: true,
  locates: true,
  orderedListing: true,
  delimiter: true,
  pinnedReads: true,
  digests: ["crc32", "md5"],
  writes: true,
};

/** Runs the suite on a storage and gives the names of the tests that fail. */
async function failures(Broken: typeof MemoryStorage, expected: Capabilities = capabilities): Promise<string[]> {
  const runs: [string, () => Promise<void>][] = [];
  runStorageConformance({
    name: "broken",
    test: (name, run) => runs.push([name.replace("broken: ", ""), run]),
    open: async () => {
      const client = new Broken(new MemoryStore({ buckets: ["b"] }));
      return { client, prefix: { provider: "memory", bucket: "b", key: "p/" }, cleanup: () => client.close() };
    },
    capabilities: expected,
    missingPlace: { provider: "memory", bucket: "nowhere", key: "" },
    limits: { objectCount: 30, minPartSize: 1000 },
  });
  const failed: string[] = [];
  for (const [name, run] of runs) {
    try {
      await run();
    } catch {
      failed.push(name);
    }
  }
  return failed;
}

async function* mapped(objects: AsyncIterable<ObjectInfo>, map: (info: ObjectInfo) => ObjectInfo) {
  for await (const info of objects) yield map(info);
}

test("passes a storage that is right", async () => {
  assert.deepEqual(await failures(MemoryStorage), []);
});

class TruncatesListings extends MemoryStorage {
  override list(prefix: ObjectUri, options: ListOptions = {}) {
    return super.list(prefix, { ...options, maxResults: Math.min(options.maxResults ?? 7, 7) });
  }
}
class StartsInclusively extends MemoryStorage {
  override list(prefix: ObjectUri, options: ListOptions = {}) {
    const { startAfter } = options;
    const before = startAfter === undefined ? undefined : startAfter.slice(0, -1);
    return super.list(prefix, { ...options, startAfter: before });
  }
}
class ListsOnlyDirectories extends MemoryStorage {
  override list(prefix: ObjectUri, options: ListOptions = {}) {
    return super.list(withKey(prefix, prefix.key.replace(/([^/])$/, "$1/")), options);
  }
}
class RepeatsGroups extends MemoryStorage {
  override list(prefix: ObjectUri, options: ListOptions = {}) {
    const { onPrefix } = options;
    return super.list(prefix, {
      ...options,
      onPrefix: (group) => [group, group].forEach((one) => void onPrefix?.(one)),
    });
  }
}
class DecodesKeys extends MemoryStorage {
  override put(uri: ObjectUri, body: PutBody, options?: PutOptions) {
    return super.put(withKey(uri, uri.key.replaceAll("%20", " ")), body, options);
  }
}
class NormalisesKeys extends MemoryStorage {
  override list(prefix: ObjectUri, options?: ListOptions) {
    return mapped(super.list(prefix, options), (info) => ({ ...info, key: info.key.normalize("NFC") }));
  }
}
class IgnoresMissingBuckets extends MemoryStorage {
  override async *list(prefix: ObjectUri, options?: ListOptions) {
    if (prefix.provider === "memory" && prefix.bucket === "nowhere") return;
    yield* super.list(prefix, options);
  }
}
class IgnoresSignals extends MemoryStorage {
  override list(prefix: ObjectUri, options?: ListOptions) {
    return super.list(prefix, { ...options, signal: undefined });
  }
}
class ClaimsFalseDigests extends MemoryStorage {
  override async stat(uri: ObjectUri) {
    const info = await super.stat(uri);
    return { ...info, digests: info.digests.map((digest) => ({ ...digest, value: digest.value.replace(/^./, "0") })) };
  }
}
class OffersNoDigests extends MemoryStorage {
  override async stat(uri: ObjectUri) {
    return { ...(await super.stat(uri)), digests: [] };
  }
}
class IgnoresPins extends MemoryStorage {
  override locate(uri: ObjectUri, options?: LocateOptions) {
    return super.locate(uri, { ...options, pin: undefined });
  }
}
class KeepsOneEtag extends MemoryStorage {
  override async stat(uri: ObjectUri) {
    return { ...(await super.stat(uri)), etag: '"same"', version: undefined };
  }
}
class ReadsOneByteLate extends MemoryStorage {
  override async locate(uri: ObjectUri, options?: LocateOptions) {
    const source = await super.locate(uri, options);
    return { ...source, bytes: Buffer.concat([Buffer.alloc(1), source.bytes]) };
  }
}
class ThrowsPlainErrors extends MemoryStorage {
  override async stat(uri: ObjectUri) {
    return super.stat(uri).catch((error) => {
      throw new Error(error.message);
    });
  }
}
class SaysNothingUseful extends MemoryStorage {
  override async stat(uri: ObjectUri) {
    return super.stat(uri).catch(() => {
      throw new StorageError({ code: "not_found", operation: "stat", detail: "error", hint: "" });
    });
  }
}
class FailsToDeleteTwice extends MemoryStorage {
  override async delete(uri: ObjectUri) {
    await this.stat(uri);
    await super.delete(uri);
  }
}
class Overwrites extends MemoryStorage {
  override put(uri: ObjectUri, body: PutBody, options?: PutOptions) {
    return super.put(uri, body, { ...options, ifNoneMatch: false });
  }
}
class MovesInsteadOfCopying extends MemoryStorage {
  override async copy(from: ObjectUri, to: ObjectUri) {
    const info = await super.copy(from, to);
    await this.delete(from);
    return info;
  }
}
class CallsEveryEmptyObjectADirectory extends MemoryStorage {
  override list(prefix: ObjectUri, options?: ListOptions) {
    return mapped(super.list(prefix, options), (info) => ({ ...info, directoryMarker: info.size === 0 }));
  }
}

const broken: readonly [Broken: typeof MemoryStorage, test: string][] = [
  [TruncatesListings, "lists every object exactly once, whatever the page size"],
  [StartsInclusively, "starts after a key, exclusive, whether that key exists or not"],
  [ListsOnlyDirectories, "takes a prefix as plain text"],
  [RepeatsGroups, "groups by delimiter and reports each group once"],
  [DecodesKeys, "keeps peculiar names byte for byte"],
  [NormalisesKeys, "keeps peculiar names byte for byte"],
  [IgnoresMissingBuckets, "fails with not_found for a bucket that does not exist"],
  [IgnoresSignals, "ends a listing when its signal aborts"],
  [ClaimsFalseDigests, "offers digests that are true"],
  [OffersNoDigests, "offers digests that are true"],
  [IgnoresPins, "never gives bytes of another version than the pinned one"],
  [KeepsOneEtag, "names another version after an object is replaced"],
  [ReadsOneByteLate, "serves every range of an object from one source"],
  [ThrowsPlainErrors, "fails with not_found for what does not exist, a directory included"],
  [SaysNothingUseful, "fails with not_found for what does not exist, a directory included"],
  [FailsToDeleteTwice, "deletes, also what is gone already"],
  [Overwrites, "creates only what does not exist when asked to"],
  [MovesInsteadOfCopying, "copies within the provider"],
  [CallsEveryEmptyObjectADirectory, "lists empty objects as files"],
];

for (const [Broken, name] of broken) {
  test(`catches a storage that ${Broken.name
    .replaceAll(/([A-Z])/g, " $1")
    .trim()
    .toLowerCase()}`, async () => {
    assert.ok((await failures(Broken)).includes(name));
  });
}

test("fails as a whole when a storage claims less than it should", async () => {
  const failed = await failures(MemoryStorage, { ...capabilities, digests: ["sha256"] });
  assert.ok(failed.length > 20);
});
