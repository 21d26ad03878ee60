import { after, test } from "node:test";
import type { Capabilities } from "../../../../src/storage/storage.ts";
import { type ConformanceLimits, runStorageConformance } from "../../../../src/testing/conformance/index.ts";
import { type FakeHubOptions, type FakeHubQuirks, startFakeHub } from "../../../../src/testing/fake-hub/index.ts";
import { parseUri } from "../../../../src/uri/parse-uri.ts";
import { openHub } from "../../../support/open-hub.ts";

const capabilities: Capabilities = {
  rangedReads: true,
  locates: true,
  orderedListing: true,
  delimiter: true,
  pinnedReads: true,
  digests: ["sha256", "git-sha1"],
  writes: false,
};

/** Git has no empty directories, and no file below another file. */
const limits: ConformanceLimits = {
  emptySegments: false,
  directoryMarkers: false,
  nestedNames: false,
  offersDigests: true,
  objectCount: 250,
};

interface Configuration {
  readonly name: string;
  readonly server?: FakeHubOptions;
  readonly quirks?: FakeHubQuirks;
  readonly limits?: ConformanceLimits;
  /** Puts files into LFS storage, or keeps them out of it. */
  readonly lfs?: boolean;
  readonly token?: string;
  readonly prefix?: string;
  readonly dataset?: boolean;
}

const token = "hf_conformance";

const configurations: readonly Configuration[] = [
  { name: "small files", limits: { objectCount: 1001 } },
  { name: "files in LFS storage", lfs: true },
  { name: "private repository", lfs: true, token },
  { name: "below a directory, small pages", prefix: "weights/a b/", server: { pageSize: 3 } },
  { name: "dataset", dataset: true },
  { name: "relative redirects, Xet", quirks: { relativeRedirects: true, xet: true } },
  {
    name: "mirror that proxies",
    lfs: true,
    quirks: {
      noRedirects: true,
      noLinkedHeaders: true,
      noAuthCheck: true,
      headWithoutLength: true,
      foreignLinks: true,
    },
    server: { pageSize: 3 },
  },
  { name: "mirror without a revision API", quirks: { noRevisionApi: true } },
];

for (const { name, server, quirks, lfs, token: own, prefix = "", dataset, ...configuration } of configurations) {
  const tokens = own === undefined ? [] : [{ token: own, user: "tester", grants: ["org/model"] }];
  const hub = await startFakeHub({ ...server, tokens, quirks });
  after(() => hub.close());
  const family = dataset === true ? "datasets/" : "";
  runStorageConformance({
    name: `huggingface, ${name}`,
    test,
    capabilities,
    limits: { ...limits, ...configuration.limits },
    missingPlace: parseUri(`hf://${family}org/no-such-model`),
    open: async () => {
      const repository = hub.createRepository({
        name: "org/model",
        type: dataset === true ? "dataset" : "model",
        private: own !== undefined,
        ...(lfs === undefined ? {} : { lfs: () => lfs }),
      });
      repository.commit({ ".gitattributes": undefined, "elsewhere/file": "outside" }, "main");
      if (prefix === "") repository.commit({ "elsewhere/file": undefined }, "main");
      const env = own === undefined ? {} : { HF_TOKEN: own };
      const { client, objectUri } = await openHub(hub, `hf://${family}org/model@main/${prefix}`, { env });
      return {
        client,
        prefix: objectUri,
        seed: async (uri, bytes) => void repository.commit({ [uri.key]: bytes }, "main"),
        cleanup: () => client.close(),
      };
    },
  });
}
