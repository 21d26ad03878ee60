import { after, test } from "node:test";
import type { Capabilities } from "../../../../src/storage/storage.ts";
import { type ConformanceLimits, runStorageConformance } from "../../../../src/testing/conformance/index.ts";
import { type FakeGithubOptions, startFakeGithub } from "../../../../src/testing/fake-github/index.ts";
import { parseUri } from "../../../../src/uri/parse-uri.ts";
import { openGithub } from "../../../support/open-github.ts";

const capabilities: Capabilities = {
  rangedReads: true,
  locates: true,
  orderedListing: true,
  delimiter: true,
  pinnedReads: true,
  digests: ["sha256"],
  writes: false,
};

/** GitHub has names without slashes only; the fake takes any, so that the client is held to all of them. */
const limits: ConformanceLimits = { emptySegments: false, directoryMarkers: false, objectCount: 250 };

const configurations: readonly (FakeGithubOptions & { readonly name: string; readonly limits?: ConformanceLimits })[] =
  [
    { name: "public repository" },
    { name: "private repository", tokens: { ghp_conformance: ["owner/models"] } },
    { name: "Enterprise Server", root: "/api/v3", noRedirects: true },
    { name: "assets without digests", noDigests: true, limits: { offersDigests: false } },
  ];

for (const { name, limits: own, ...options } of configurations) {
  const github = await startFakeGithub(options);
  after(() => github.close());
  runStorageConformance({
    name: `github, ${name}`,
    test,
    capabilities,
    limits: { ...limits, ...own },
    missingPlace: parseUri("github://owner/no-such-repository"),
    open: async () => {
      const env = options.tokens === undefined ? {} : { GITHUB_TOKEN: "ghp_conformance" };
      github.createRepository("owner/models", { private: options.tokens !== undefined });
      github.release("owner/models", "v1", {});
      const { client, objectUri } = await openGithub(github, "github://owner/models@v1", { env });
      return {
        client,
        prefix: objectUri,
        seed: async (uri, bytes) => github.release("owner/models", "v1", { [uri.key]: bytes }),
        cleanup: () => client.close(),
      };
    },
  });
}
