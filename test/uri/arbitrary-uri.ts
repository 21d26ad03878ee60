import fc from "fast-check";
import type { ObjectUri } from "../../src/uri/object-uri.ts";
import { withKey } from "../../src/uri/with-key.ts";

export const pluginSchemes: ReadonlySet<string> = new Set(["plug"]);

/** Everything that may stand in a key: no control characters, no half characters, 1,024 bytes at most. */
const key = fc
  .string({
    unit: fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(..."ab1/ @%+#?&=:~.-_\\é模é🦙".match(/./gu)!) },
      { weight: 1, arbitrary: fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 }) },
    ),
    maxLength: 60,
  })
  .filter((text) => !/\p{Cc}/u.test(text) && Buffer.byteLength(text) <= 1024 && !/sig|token|signature/i.test(text));

/** A path of a repository or of a web address: no empty, `.` or `..` segment. */
const cleanKey = key.map((text) =>
  text
    .split("/")
    .filter((segment) => !/^\.{0,2}$/.test(segment))
    .join("/"),
);
const word = (pattern: RegExp) => fc.stringMatching(pattern);
const bucket = word(/^[a-z0-9][a-z0-9-]{0,30}[a-z0-9]$/);
const region = word(/^[a-z]{2}-[a-z]{4,8}-[1-9]$/);
const name = word(/^[A-Za-z0-9]{1,10}(-[A-Za-z0-9]{1,8})?$/);
const revision = fc
  .oneof(word(/^[A-Za-z0-9_]{1,8}([./%#@-][A-Za-z0-9_]{1,8}){0,3}$/), fc.constantFrom("main", "latest", "refs/pr/12"))
  .filter((text) => !text.endsWith(".lock"));

function optional<T extends object>(parts: T): T {
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined)) as T;
}

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

/** URIs of every provider, as data, in the form that parsing gives. */
export const arbitraryUri: fc.Arbitrary<ObjectUri> = fc
  .oneof<fc.Arbitrary<ObjectUri>[]>(
    fc.record({ provider: fc.constant("s3" as const), bucket, region: maybe(region), key }).map(optional),
    fc
      .record({ provider: fc.constant("gcs" as const), bucket, project: maybe(word(/^[a-z][a-z0-9]{5,9}$/)), key })
      .map(optional),
    fc
      .record({
        provider: fc.constant("azure" as const),
        container: word(/^[a-z0-9]{3,10}(-[a-z0-9]{1,8})?$/),
        place: maybe(
          fc.record({
            account: word(/^[a-z0-9]{3,24}$/),
            hostSuffix: maybe(fc.constantFrom("blob.core.windows.net", "blob.core.chinacloudapi.cn")),
          }),
        ),
        key,
      })
      .map(({ place, ...rest }) => optional({ ...rest, account: place?.account, hostSuffix: place?.hostSuffix })),
    fc
      .record({
        provider: fc.constant("oci" as const),
        bucket,
        place: maybe(fc.record({ namespace: word(/^[a-z0-9]{4,12}$/), region: maybe(region) })),
        key: key.filter((text) => !text.includes("@sha256:")),
      })
      .map(({ place, ...rest }) => optional({ ...rest, namespace: place?.namespace, region: place?.region })),
    fc.record({
      provider: fc.constant("huggingface" as const),
      repository: fc.oneof(
        fc.tuple(fc.oneof(name, fc.constantFrom("models", "datasets", "spaces")), name).map((parts) => parts.join("/")),
        name,
      ),
      repositoryType: fc.constantFrom("model" as const, "dataset" as const),
      revision,
      key: cleanKey,
    }),
    fc.record({ provider: fc.constant("github" as const), owner: name, repository: name, tag: revision, key }),
    fc
      .record({
        provider: fc.constant("http" as const),
        origin: fc.constantFrom("https://example.org", "http://127.0.0.1:9000", "http://[::1]:81"),
        encodedPath: fc.constant(""),
        query: fc.constantFrom("", "?a=b&sig=c%2F"),
        key: cleanKey,
      })
      .map((uri) => withKey(uri, uri.key)),
    key
      .filter((path) => path !== "" && !/^~(\/|$)/.test(path))
      .map((path) => ({ provider: "local" as const, path, key: path })),
    fc
      .record({
        provider: fc.constant("pvc" as const),
        claim: bucket,
        namespace: maybe(bucket),
        key: key.filter((text) => text !== "" && !text.split("/").includes("..")),
      })
      .map(optional),
    fc.record({
      provider: fc.constant("vendor" as const),
      vendor: name,
      type: name,
      key: key.filter((text) => text !== ""),
    }),
    fc.record({ provider: fc.constant("memory" as const), bucket, key }),
    fc.record({ provider: fc.constant("plugin" as const), scheme: fc.constant("plug"), authority: name, key }),
  )
  .map((uri) => ({ ...uri }));
