import type { ErrorCode } from "../../src/errors.ts";
import type { ObjectUri } from "../../src/uri/object-uri.ts";

/** Texts that are URIs, what they mean, and their preferred spelling where it is another. `plug` is a plug-in's scheme. */
export const goodUris: readonly (readonly [text: string, uri: ObjectUri, formatted?: string])[] = [
  ["s3://bkt", { provider: "s3", bucket: "bkt", key: "" }],
  ["s3://bkt/", { provider: "s3", bucket: "bkt", key: "" }, "s3://bkt"],
  ["s3://bkt/models/llama", { provider: "s3", bucket: "bkt", key: "models/llama" }],
  ["s3://bkt/models/llama/", { provider: "s3", bucket: "bkt", key: "models/llama/" }],
  ["s3://bkt//double//slash/", { provider: "s3", bucket: "bkt", key: "/double//slash/" }],
  ["s3://bkt/with space/and+plus", { provider: "s3", bucket: "bkt", key: "with space/and+plus" }],
  ["s3://bkt/100%25 literal", { provider: "s3", bucket: "bkt", key: "100%25 literal" }],
  ["s3://bkt/100% literal", { provider: "s3", bucket: "bkt", key: "100% literal" }],
  ["s3://bkt/モデル/été", { provider: "s3", bucket: "bkt", key: "モデル/été" }],
  ["s3://bkt/dir@v1/file", { provider: "s3", bucket: "bkt", key: "dir@v1/file" }],
  ["s3://b/dir@v1/f", { provider: "s3", bucket: "b", key: "dir@v1/f" }],
  ["s3://bkt/what?x=1#y", { provider: "s3", bucket: "bkt", key: "what?x=1#y" }],
  ["s3://bkt/trailing space ", { provider: "s3", bucket: "bkt", key: "trailing space " }],
  ["s3://bkt/a/../b/./c", { provider: "s3", bucket: "bkt", key: "a/../b/./c" }],
  ["s3://bkt/a:b@c", { provider: "s3", bucket: "bkt", key: "a:b@c" }],
  ["s3://bkt@us-west-2", { provider: "s3", bucket: "bkt", region: "us-west-2", key: "" }],
  ["s3://bkt@us-west-2/pre", { provider: "s3", bucket: "bkt", region: "us-west-2", key: "pre" }],
  ["s3://bkt@us-west-2/dir@v1/f", { provider: "s3", bucket: "bkt", region: "us-west-2", key: "dir@v1/f" }],
  ["s3://bkt@auto/pre", { provider: "s3", bucket: "bkt", region: "auto", key: "pre" }],
  ["s3://my.bucket-1/x", { provider: "s3", bucket: "my.bucket-1", key: "x" }],
  ["s3://Legacy_Bucket/x", { provider: "s3", bucket: "Legacy_Bucket", key: "x" }],
  ["s3://name--usw2-az1--x-s3/p", { provider: "s3", bucket: "name--usw2-az1--x-s3", key: "p" }],
  ["s3://my-ap-ab12cd34-s3alias/p", { provider: "s3", bucket: "my-ap-ab12cd34-s3alias", key: "p" }],
  ["aws://us-east-1/bkt", { provider: "s3", bucket: "bkt", region: "us-east-1", key: "" }, "s3://bkt@us-east-1"],
  [
    "aws://us-east-1/bkt/pre/fix",
    { provider: "s3", bucket: "bkt", region: "us-east-1", key: "pre/fix" },
    "s3://bkt@us-east-1/pre/fix",
  ],
  [
    "aws://us-gov-west-1/bkt//k",
    { provider: "s3", bucket: "bkt", region: "us-gov-west-1", key: "/k" },
    "s3://bkt@us-gov-west-1//k",
  ],
  [
    "aws://cn-north-1/bkt/dir@v1",
    { provider: "s3", bucket: "bkt", region: "cn-north-1", key: "dir@v1" },
    "s3://bkt@cn-north-1/dir@v1",
  ],
  ["gs://bkt", { provider: "gcs", bucket: "bkt", key: "" }],
  ["gs://bkt/pre/fix", { provider: "gcs", bucket: "bkt", key: "pre/fix" }],
  ["gs://my_bucket.example.com/k", { provider: "gcs", bucket: "my_bucket.example.com", key: "k" }],
  ["gs://bkt/obj#123", { provider: "gcs", bucket: "bkt", key: "obj#123" }],
  ["gs://bkt/a%20b", { provider: "gcs", bucket: "bkt", key: "a%20b" }],
  ["gcp://my-project/bkt", { provider: "gcs", bucket: "bkt", project: "my-project", key: "" }],
  ["gcp://my-project/bkt/pre", { provider: "gcs", bucket: "bkt", project: "my-project", key: "pre" }],
  [
    "gcp://example.com:my-project/bkt/pre",
    { provider: "gcs", bucket: "bkt", project: "example.com:my-project", key: "pre" },
  ],
  [
    "gcp://example.com:my-project/bkt/dir@v1",
    { provider: "gcs", bucket: "bkt", project: "example.com:my-project", key: "dir@v1" },
  ],
  ["gcp://123456789/bkt/pre", { provider: "gcs", bucket: "bkt", project: "123456789", key: "pre" }],
  ["az://cont", { provider: "azure", container: "cont", key: "" }],
  ["az://cont/pre/fix", { provider: "azure", container: "cont", key: "pre/fix" }],
  ["az://acct/cont/blob", { provider: "azure", container: "acct", key: "cont/blob" }],
  ["az://$web/index", { provider: "azure", container: "$web", key: "index" }],
  ["az://$root", { provider: "azure", container: "$root", key: "" }],
  [
    "az://acct.blob.core.windows.net/cont",
    { provider: "azure", account: "acct", hostSuffix: "blob.core.windows.net", container: "cont", key: "" },
  ],
  [
    "az://acct.blob.core.windows.net/cont/blob",
    { provider: "azure", account: "acct", hostSuffix: "blob.core.windows.net", container: "cont", key: "blob" },
  ],
  [
    "az://acct.blob.core.chinacloudapi.cn/cont/blob",
    { provider: "azure", account: "acct", hostSuffix: "blob.core.chinacloudapi.cn", container: "cont", key: "blob" },
  ],
  [
    "az://acct.blob.core.usgovcloudapi.net/cont/blob",
    { provider: "azure", account: "acct", hostSuffix: "blob.core.usgovcloudapi.net", container: "cont", key: "blob" },
  ],
  [
    "az://acct.z01.blob.storage.azure.net/cont/blob",
    { provider: "azure", account: "acct", hostSuffix: "z01.blob.storage.azure.net", container: "cont", key: "blob" },
  ],
  [
    "az://acct.privatelink.blob.core.windows.net/cont/blob",
    {
      provider: "azure",
      account: "acct",
      hostSuffix: "privatelink.blob.core.windows.net",
      container: "cont",
      key: "blob",
    },
  ],
  [
    "az://acct.blob.local.azurestack.external/cont/blob",
    {
      provider: "azure",
      account: "acct",
      hostSuffix: "blob.local.azurestack.external",
      container: "cont",
      key: "blob",
    },
  ],
  ["azure://acct/cont", { provider: "azure", account: "acct", container: "cont", key: "" }],
  ["azure://acct/cont/a b+c%20/", { provider: "azure", account: "acct", container: "cont", key: "a b+c%20/" }],
  [
    "azure://acct.blob.core.windows.net/cont/blob",
    { provider: "azure", account: "acct", hostSuffix: "blob.core.windows.net", container: "cont", key: "blob" },
    "az://acct.blob.core.windows.net/cont/blob",
  ],
  ["oci://n/ns/b/bkt/o", { provider: "oci", bucket: "bkt", namespace: "ns", key: "" }, "oci://n/ns/b/bkt/o/"],
  ["oci://n/ns/b/bkt/o/", { provider: "oci", bucket: "bkt", namespace: "ns", key: "" }],
  ["oci://n/ns/b/bkt/o/models/llama", { provider: "oci", bucket: "bkt", namespace: "ns", key: "models/llama" }],
  ["oci://n/ns/b/bkt/o//odd//key", { provider: "oci", bucket: "bkt", namespace: "ns", key: "/odd//key" }],
  ["oci://n/ns/b/My_Bucket.1/o/p%2Fq", { provider: "oci", bucket: "My_Bucket.1", namespace: "ns", key: "p%2Fq" }],
  ["oci://n/ns/b/bkt/o/o/x@y", { provider: "oci", bucket: "bkt", namespace: "ns", key: "o/x@y" }],
  ["oci://ns@us-ashburn-1/bkt", { provider: "oci", bucket: "bkt", namespace: "ns", region: "us-ashburn-1", key: "" }],
  [
    "oci://ns@us-ashburn-1/bkt/pre/fix",
    { provider: "oci", bucket: "bkt", namespace: "ns", region: "us-ashburn-1", key: "pre/fix" },
  ],
  ["oci://ns@iad/n/pre", { provider: "oci", bucket: "n", namespace: "ns", region: "iad", key: "pre" }],
  ["oci://bkt", { provider: "oci", bucket: "bkt", key: "" }],
  ["oci://bkt/pre/fix", { provider: "oci", bucket: "bkt", key: "pre/fix" }],
  ["oci://bkt/pre@v1/fix", { provider: "oci", bucket: "bkt", key: "pre@v1/fix" }],
  ["oci://my.bucket/pre", { provider: "oci", bucket: "my.bucket", key: "pre" }],
  ["hf://gpt2", { provider: "huggingface", repository: "gpt2", revision: "main", key: "", repositoryType: "model" }],
  [
    "hf://gpt2@main/onnx",
    { provider: "huggingface", repository: "gpt2", revision: "main", key: "onnx", repositoryType: "model" },
  ],
  [
    "hf://meta-llama/Llama-3-8B",
    {
      provider: "huggingface",
      repository: "meta-llama/Llama-3-8B",
      revision: "main",
      key: "",
      repositoryType: "model",
    },
  ],
  [
    "hf://meta-llama/Llama-3-8B@v1.0",
    {
      provider: "huggingface",
      repository: "meta-llama/Llama-3-8B",
      revision: "v1.0",
      key: "",
      repositoryType: "model",
    },
  ],
  [
    "hf://meta-llama/Llama-3-8B@",
    {
      provider: "huggingface",
      repository: "meta-llama/Llama-3-8B",
      revision: "main",
      key: "",
      repositoryType: "model",
    },
    "hf://meta-llama/Llama-3-8B",
  ],
  [
    "hf://meta-llama/Llama-3-8B@0e9e39f249a16976918f6564b8830bc894c89659",
    {
      provider: "huggingface",
      repository: "meta-llama/Llama-3-8B",
      revision: "0e9e39f249a16976918f6564b8830bc894c89659",
      key: "",
      repositoryType: "model",
    },
  ],
  [
    "hf://a/b@refs/pr/1",
    { provider: "huggingface", repository: "a/b", revision: "refs/pr/1", key: "", repositoryType: "model" },
  ],
  [
    "hf://a/b@refs/pr/1/sub/dir",
    { provider: "huggingface", repository: "a/b", revision: "refs/pr/1", key: "sub/dir", repositoryType: "model" },
  ],
  [
    "hf://a/b@refs/convert/parquet",
    { provider: "huggingface", repository: "a/b", revision: "refs/convert/parquet", key: "", repositoryType: "model" },
  ],
  [
    "hf://a/b@release%2Fv2",
    { provider: "huggingface", repository: "a/b", revision: "release/v2", key: "", repositoryType: "model" },
  ],
  [
    "hf://a/b@release%2Fv2/sub",
    { provider: "huggingface", repository: "a/b", revision: "release/v2", key: "sub", repositoryType: "model" },
  ],
  [
    "hf://a/b@main/sub/config.json",
    { provider: "huggingface", repository: "a/b", revision: "main", key: "sub/config.json", repositoryType: "model" },
    "hf://a/b/sub/config.json",
  ],
  [
    "hf://a/b@main/",
    { provider: "huggingface", repository: "a/b", revision: "main", key: "", repositoryType: "model" },
    "hf://a/b",
  ],
  [
    "hf://a/b/original",
    { provider: "huggingface", repository: "a/b", revision: "main", key: "original", repositoryType: "model" },
  ],
  [
    "hf://a/b/dir@v1/f",
    { provider: "huggingface", repository: "a/b", revision: "main", key: "dir@v1/f", repositoryType: "model" },
  ],
  [
    "hf://a/b/with space/a%20b",
    { provider: "huggingface", repository: "a/b", revision: "main", key: "with space/a%20b", repositoryType: "model" },
  ],
  [
    "hf://models/a/b",
    { provider: "huggingface", repository: "a/b", revision: "main", key: "", repositoryType: "model" },
    "hf://a/b",
  ],
  [
    "hf://models/gpt2",
    { provider: "huggingface", repository: "gpt2", revision: "main", key: "", repositoryType: "model" },
    "hf://gpt2",
  ],
  [
    "hf://models/models/b",
    { provider: "huggingface", repository: "models/b", revision: "main", key: "", repositoryType: "model" },
  ],
  [
    "hf://datasets/a/b@main/data",
    { provider: "huggingface", repository: "a/b", revision: "main", key: "data", repositoryType: "dataset" },
    "hf://datasets/a/b/data",
  ],
  [
    "hf://datasets/squad",
    { provider: "huggingface", repository: "squad", revision: "main", key: "", repositoryType: "dataset" },
  ],
  [
    "hf://Qwen/Qwen2.5-VL_7B",
    { provider: "huggingface", repository: "Qwen/Qwen2.5-VL_7B", revision: "main", key: "", repositoryType: "model" },
  ],
  ["github://o/r", { provider: "github", owner: "o", repository: "r", tag: "latest", key: "" }],
  ["github://o/r/", { provider: "github", owner: "o", repository: "r", tag: "latest", key: "" }, "github://o/r"],
  ["github://o/r@", { provider: "github", owner: "o", repository: "r", tag: "latest", key: "" }, "github://o/r"],
  ["github://o/r@v1.0", { provider: "github", owner: "o", repository: "r", tag: "v1.0", key: "" }],
  ["github://o/r@v1.0/model.gguf", { provider: "github", owner: "o", repository: "r", tag: "v1.0", key: "model.gguf" }],
  ["github://o/r/model.gguf", { provider: "github", owner: "o", repository: "r", tag: "latest", key: "model.gguf" }],
  ["github://o/r@pkg%2Fv1", { provider: "github", owner: "o", repository: "r", tag: "pkg/v1", key: "" }],
  [
    "github://o-o_emu/r.name_1",
    { provider: "github", owner: "o-o_emu", repository: "r.name_1", tag: "latest", key: "" },
  ],
  [
    "https://example.org",
    { provider: "http", origin: "https://example.org", encodedPath: "", query: "", key: "" },
    "https://example.org/",
  ],
  ["https://example.org/", { provider: "http", origin: "https://example.org", encodedPath: "", query: "", key: "" }],
  [
    "https://example.org/models/",
    { provider: "http", origin: "https://example.org", encodedPath: "models/", query: "", key: "models/" },
  ],
  [
    "https://example.org/models/llama.gguf",
    {
      provider: "http",
      origin: "https://example.org",
      encodedPath: "models/llama.gguf",
      query: "",
      key: "models/llama.gguf",
    },
  ],
  [
    "https://example.org:8443/models//x",
    { provider: "http", origin: "https://example.org:8443", encodedPath: "models//x", query: "", key: "models//x" },
  ],
  [
    "https://example.org:443/x",
    { provider: "http", origin: "https://example.org", encodedPath: "x", query: "", key: "x" },
    "https://example.org/x",
  ],
  [
    "http://127.0.0.1:9000/x",
    { provider: "http", origin: "http://127.0.0.1:9000", encodedPath: "x", query: "", key: "x" },
  ],
  [
    "http://[::1]:9000/x@y",
    { provider: "http", origin: "http://[::1]:9000", encodedPath: "x@y", query: "", key: "x@y" },
  ],
  [
    "https://EXAMPLE.org/x",
    { provider: "http", origin: "https://example.org", encodedPath: "x", query: "", key: "x" },
    "https://example.org/x",
  ],
  [
    "https://bücher.example/x",
    { provider: "http", origin: "https://xn--bcher-kva.example", encodedPath: "x", query: "", key: "x" },
    "https://xn--bcher-kva.example/x",
  ],
  [
    "https://example.org/a b",
    { provider: "http", origin: "https://example.org", encodedPath: "a%20b", query: "", key: "a b" },
    "https://example.org/a%20b",
  ],
  [
    "https://example.org/a%20b",
    { provider: "http", origin: "https://example.org", encodedPath: "a%20b", query: "", key: "a b" },
  ],
  [
    "https://example.org/a+b",
    { provider: "http", origin: "https://example.org", encodedPath: "a+b", query: "", key: "a+b" },
  ],
  [
    "https://example.org/a%2Fb",
    { provider: "http", origin: "https://example.org", encodedPath: "a%2Fb", query: "", key: "a/b" },
  ],
  [
    "https://example.org/a%2520b",
    { provider: "http", origin: "https://example.org", encodedPath: "a%2520b", query: "", key: "a%20b" },
  ],
  [
    "https://example.org/été",
    { provider: "http", origin: "https://example.org", encodedPath: "%C3%A9t%C3%A9", query: "", key: "été" },
    "https://example.org/%C3%A9t%C3%A9",
  ],
  [
    "https://example.org/a/./b/../c",
    { provider: "http", origin: "https://example.org", encodedPath: "a/c", query: "", key: "a/c" },
    "https://example.org/a/c",
  ],
  [
    "https://example.org/f?sig=abc&se=1",
    { provider: "http", origin: "https://example.org", encodedPath: "f", query: "?sig=abc&se=1", key: "f" },
  ],
  [
    "https://example.org/dir/?token=t",
    { provider: "http", origin: "https://example.org", encodedPath: "dir/", query: "?token=t", key: "dir/" },
  ],
  [
    "https://huggingface.co/a/b/resolve/main/f.bin",
    {
      provider: "http",
      origin: "https://huggingface.co",
      encodedPath: "a/b/resolve/main/f.bin",
      query: "",
      key: "a/b/resolve/main/f.bin",
    },
  ],
  [
    "https://github.com/o/r/releases/download/v1/f.bin",
    {
      provider: "http",
      origin: "https://github.com",
      encodedPath: "o/r/releases/download/v1/f.bin",
      query: "",
      key: "o/r/releases/download/v1/f.bin",
    },
  ],
  [
    "https://objectstorage.us-ashburn-1.oraclecloud.com/p/tok-en/n/ns/b/bkt/o/x",
    {
      provider: "http",
      origin: "https://objectstorage.us-ashburn-1.oraclecloud.com",
      encodedPath: "p/tok-en/n/ns/b/bkt/o/x",
      query: "",
      key: "p/tok-en/n/ns/b/bkt/o/x",
    },
  ],
  ["local:///mnt/models/x", { provider: "local", path: "/mnt/models/x", key: "/mnt/models/x" }],
  ["local:///mnt/models/x/", { provider: "local", path: "/mnt/models/x/", key: "/mnt/models/x/" }],
  ["local://relative/x", { provider: "local", path: "relative/x", key: "relative/x" }],
  ["local://./x", { provider: "local", path: "./x", key: "./x" }],
  ["local://../x", { provider: "local", path: "../x", key: "../x" }],
  ["local:///a b/100%25?#x", { provider: "local", path: "/a b/100%25?#x", key: "/a b/100%25?#x" }],
  ["local://~user/x", { provider: "local", path: "~user/x", key: "~user/x" }],
  ["file:///mnt/models/x", { provider: "local", path: "/mnt/models/x", key: "/mnt/models/x" }, "local:///mnt/models/x"],
  ["file:///a%20b/100%25", { provider: "local", path: "/a b/100%", key: "/a b/100%" }, "local:///a b/100%"],
  ["file://localhost/mnt", { provider: "local", path: "/mnt", key: "/mnt" }, "local:///mnt"],
  ["pvc://claim/path", { provider: "pvc", claim: "claim", key: "path" }],
  ["pvc://ns:claim/path/to/model", { provider: "pvc", claim: "claim", namespace: "ns", key: "path/to/model" }],
  ["pvc://my.claim-1/p:q@r", { provider: "pvc", claim: "my.claim-1", key: "p:q@r" }],
  ["pvc://claim//path", { provider: "pvc", claim: "claim", key: "/path" }],
  ["vendor://nvidia/models/llama/70b", { provider: "vendor", vendor: "nvidia", type: "models", key: "llama/70b" }],
  ["vendor://v/t/p", { provider: "vendor", vendor: "v", type: "t", key: "p" }],
  ["memory://bkt", { provider: "memory", bucket: "bkt", key: "" }],
  ["memory://bkt/a//b c", { provider: "memory", bucket: "bkt", key: "a//b c" }],
  ["plug://store", { provider: "plugin", scheme: "plug", authority: "store", key: "" }],
  ["plug://store/", { provider: "plugin", scheme: "plug", authority: "store", key: "" }, "plug://store"],
  ["plug://store/a/b?c=d", { provider: "plugin", scheme: "plug", authority: "store", key: "a/b?c=d" }],
  ["plug://", { provider: "plugin", scheme: "plug", authority: "", key: "" }],
  ["plug:///a", { provider: "plugin", scheme: "plug", authority: "", key: "a" }],
];

/** Texts that are none, and the exact message; the code is `config_invalid` where none is given. */
export const badUris: readonly (readonly [text: string, message: string, code?: ErrorCode])[] = [
  ["", "parse storage URI (empty): the URI is empty. Write for example s3://{bucket}/{prefix}."],
  [" s3://bkt/x", "parse storage URI  s3://bkt/x: it begins with white space. Remove the space."],
  [
    "\ts3://bkt",
    "parse storage URI \\u{9}s3://bkt: it has a control character (U+0009) at position 1. Remove it; in YAML, write the URI on one line.",
  ],
  [
    "s3://bkt/x\n",
    "parse storage URI s3://bkt/x\\u{a}: it has a control character (U+000A) at position 11. Remove it; in YAML, write the URI on one line.",
  ],
  [
    "s3://bkt/\u0000",
    "parse storage URI s3://bkt/\\u{0}: it has a control character (U+0000) at position 10. Remove it; in YAML, write the URI on one line.",
  ],
  [
    "s3://bkt/\u007f",
    "parse storage URI s3://bkt/\\u{7f}: it has a control character (U+007F) at position 10. Remove it; in YAML, write the URI on one line.",
  ],
  [
    "s3://bkt/\ud800",
    "parse storage URI s3://bkt/\\u{d800}: it is not well-formed Unicode. Write it again; half of a character was lost on the way.",
  ],
  [
    '"s3://bkt/x"',
    'parse storage URI "s3://bkt/x": it begins with a quotation mark. Write it without quotation marks.',
  ],
  ["<s3://bkt>", "parse storage URI <s3://bkt>: it begins with a quotation mark. Write it without quotation marks."],
  ["s3:/bucket", 'parse storage URI s3:/bucket: "s3" is followed by ":/" instead of "://". Write s3://bucket.'],
  ["s3:bucket/x", 'parse storage URI s3:bucket/x: "s3" is followed by ":" instead of "://". Write s3://bucket/x.'],
  ["s3//bucket", 'parse storage URI s3//bucket: "s3" is followed by "//" instead of "://". Write s3://bucket.'],
  ["S3://bkt/x", 'parse storage URI S3://bkt/x: the scheme "S3" is not in lower case. Write s3://bkt/x.'],
  [
    "HTTPS://Example.org/x",
    'parse storage URI HTTPS://Example.org/x: the scheme "HTTPS" is not in lower case. Write https://Example.org/x.',
  ],
  ["file:/mnt/x", 'parse storage URI file:/mnt/x: "file" is followed by ":/" instead of "://". Write file:///mnt/x.'],
  [
    "local:/mnt/x",
    'parse storage URI local:/mnt/x: "local" is followed by ":/" instead of "://". Write local:///mnt/x.',
  ],
  [
    "oci:n/ns/b/bkt/o/x",
    'parse storage URI oci:n/ns/b/bkt/o/x: "oci" is followed by ":" instead of "://". Write oci://n/ns/b/bkt/o/x.',
  ],
  ["hf//a/b", 'parse storage URI hf//a/b: "hf" is followed by "//" instead of "://". Write hf://a/b.'],
  ["plug:/store", 'parse storage URI plug:/store: "plug" is followed by ":/" instead of "://". Write plug://store.'],
  [
    "foo",
    "parse storage URI foo: it has no scheme. Write for example s3://{bucket}/{prefix}, hf://{org}/{model} or local:///{path}.",
  ],
  [
    "meta-llama/Llama-3-8B",
    "parse storage URI meta-llama/Llama-3-8B: it has no scheme. Write for example s3://{bucket}/{prefix}, hf://{org}/{model} or local:///{path}.",
  ],
  ["/mnt/models", "parse storage URI /mnt/models: it is a path without a scheme. Write local:///mnt/models."],
  ["./models", "parse storage URI ./models: it is a path without a scheme. Write local://./models."],
  [
    "://bkt",
    "parse storage URI ://bkt: it has no scheme. Write for example s3://{bucket}/{prefix}, hf://{org}/{model} or local:///{path}.",
  ],
  [
    "bkt:x",
    "parse storage URI bkt:x: it has no scheme. Write for example s3://{bucket}/{prefix}, hf://{org}/{model} or local:///{path}.",
  ],
  [
    "modelscope://a/b",
    'parse storage URI modelscope://a/b: the scheme "modelscope" is unknown. Known schemes: s3, aws, gs, gcp, az, azure, oci, hf, github, https, http, local, file, pvc, vendor, memory, plug.',
  ],
  ["gss://bkt", 'parse storage URI gss://bkt: the scheme "gss" is unknown. Did you mean gs://bkt?'],
  [
    "huggingface://a/b",
    'parse storage URI huggingface://a/b: the scheme "huggingface" is unknown. Write hf://{org}/{model}.',
  ],
  ["gcs://bkt/x", 'parse storage URI gcs://bkt/x: the scheme "gcs" is unknown. Write gs://{bucket}/{prefix}.'],
  ["s3a://bkt/x", 'parse storage URI s3a://bkt/x: the scheme "s3a" is unknown. Write s3://{bucket}/{prefix}.'],
  ["s4://bkt/x", 'parse storage URI s4://bkt/x: the scheme "s4" is unknown. Did you mean s3://bkt/x?'],
  ["ocii://bkt", 'parse storage URI ocii://bkt: the scheme "ocii" is unknown. Did you mean oci://bkt?'],
  ["gihub://o/r", 'parse storage URI gihub://o/r: the scheme "gihub" is unknown. Did you mean github://o/r?'],
  [
    "abfss://c@acct.dfs.core.windows.net/x",
    'parse storage URI abfss://c@acct.dfs.core.windows.net/x: the scheme "abfss" is unknown. Write az://{account}.blob.core.windows.net/{container}/{prefix}.',
  ],
  [
    "ocios://n/ns/b/bkt/o/x",
    'parse storage URI ocios://n/ns/b/bkt/o/x: the scheme "ocios" is unknown. Write oci://n/{namespace}/b/{bucket}/o/{prefix}.',
  ],
  [
    "oci+image://ghcr.io/o/m:1",
    'parse storage URI oci+image://ghcr.io/o/m:1: the scheme "oci+image" is not supported. Container images are not read; a model in OCI Object Storage is oci://n/{namespace}/b/{bucket}/o/{prefix}.',
    "unsupported",
  ],
  [
    "oci+native://x",
    'parse storage URI oci+native://x: the scheme "oci+native" is not supported. Container images are not read; a model in OCI Object Storage is oci://n/{namespace}/b/{bucket}/o/{prefix}.',
    "unsupported",
  ],
  [
    "oci+fetch://x",
    'parse storage URI oci+fetch://x: the scheme "oci+fetch" is not supported. Container images are not read; a model in OCI Object Storage is oci://n/{namespace}/b/{bucket}/o/{prefix}.',
    "unsupported",
  ],
  [
    "modelpack://ghcr.io/o/m:1",
    'parse storage URI modelpack://ghcr.io/o/m:1: the scheme "modelpack" is not supported. Container images are not read; a model in OCI Object Storage is oci://n/{namespace}/b/{bucket}/o/{prefix}.',
    "unsupported",
  ],
  [
    "ftp://h/x",
    'parse storage URI ftp://h/x: the scheme "ftp" is not supported. Offer the files over https:// or put them into a bucket, such as s3://{bucket}/{prefix}.',
    "unsupported",
  ],
  ["plugg://store", 'parse storage URI plugg://store: the scheme "plugg" is unknown. Did you mean plug://store?'],
  [
    "stage:///x",
    'parse storage URI stage:///x: the scheme "stage" is unknown. Write local:///{path} for files that are already on the node.',
  ],
  [
    "s3://",
    "parse storage URI s3://: the bucket is missing. Write s3://{bucket}/{prefix}, s3://{bucket}@{region}/{prefix} or aws://{region}/{bucket}/{prefix}.",
  ],
  [
    "s3:///p",
    "parse storage URI s3:///p: the bucket is missing. Write s3://{bucket}/{prefix}, s3://{bucket}@{region}/{prefix} or aws://{region}/{bucket}/{prefix}.",
  ],
  [
    "s3://@us-west-2/p",
    "parse storage URI s3://@us-west-2/p: the bucket is missing. Write s3://{bucket}/{prefix}, s3://{bucket}@{region}/{prefix} or aws://{region}/{bucket}/{prefix}.",
  ],
  [
    "s3://bkt@/p",
    'parse storage URI s3://bkt@/p: the region after "@" is empty. Write s3://{bucket}/{prefix}, s3://{bucket}@{region}/{prefix} or aws://{region}/{bucket}/{prefix}.',
  ],
  [
    "s3://bkt@us west/p",
    'parse storage URI s3://bkt@us west/p: "us west" is not a region name. Write s3://{bucket}/{prefix}, s3://{bucket}@{region}/{prefix} or aws://{region}/{bucket}/{prefix}.',
  ],
  [
    "s3://bu cket/x",
    'parse storage URI s3://bu cket/x: "bu cket" is not a bucket name. Bucket names are made of lower-case letters, digits, dots and hyphens, and begin with a letter or digit.',
  ],
  [
    "s3://a..b/x",
    'parse storage URI s3://a..b/x: "a..b" is not a bucket name. Bucket names are made of lower-case letters, digits, dots and hyphens, and begin with a letter or digit.',
  ],
  [
    "s3://-bkt/x",
    'parse storage URI s3://-bkt/x: "-bkt" is not a bucket name. Bucket names are made of lower-case letters, digits, dots and hyphens, and begin with a letter or digit.',
  ],
  [
    "s3://192.168.1.10/x",
    'parse storage URI s3://192.168.1.10/x: "192.168.1.10" is an endpoint, not a bucket. Give the endpoint as the parameter `endpoint` and write s3://{bucket}/{prefix}.',
  ],
  [
    "s3://minio:9000/bkt/x",
    'parse storage URI s3://minio:9000/bkt/x: "minio:9000" is an endpoint, not a bucket. Give the endpoint as the parameter `endpoint` and write s3://{bucket}/{prefix}.',
  ],
  [
    "s3://bkt.s3.us-west-2.amazonaws.com/k",
    'parse storage URI s3://bkt.s3.us-west-2.amazonaws.com/k: "bkt.s3.us-west-2.amazonaws.com" is a host name, not a bucket. Write s3://bkt@us-west-2/{prefix}.',
  ],
  [
    "s3://s3.us-west-2.amazonaws.com/bkt/k",
    'parse storage URI s3://s3.us-west-2.amazonaws.com/bkt/k: "s3.us-west-2.amazonaws.com" is a host name, not a bucket. Write s3://bkt/{prefix}.',
  ],
  [
    "s3://s3.amazonaws.com",
    'parse storage URI s3://s3.amazonaws.com: "s3.amazonaws.com" is a host name, not a bucket. Write s3://{bucket}/{prefix}.',
  ],
  [
    "s3://arn:aws:s3:us-east-1:123456789012:accesspoint/ap/k",
    "parse storage URI s3://arn:aws:s3:us-east-1:123456789012:accesspoint/ap/k: ARNs are not read. Write the bucket's name or the access point's alias: s3://{alias}/{prefix}.",
  ],
  [
    "s3://AKIAIOSFODNN7EXAMPLE:wJalrXUtnFEMI/K7MDENG@bkt/x",
    "parse storage URI s3://***@bkt/x: it contains credentials. Remove them from the URI, and give them as parameters, in the model's Secret or in the environment.",
  ],
  [
    "s3://bkt/x?X-Amz-Signature=0123456789abcdef",
    "parse storage URI s3://bkt/x?***: it contains credentials. Remove them from the URI, and give them as parameters, in the model's Secret or in the environment.",
  ],
  [
    "aws://",
    "parse storage URI aws://: the region is missing. Write s3://{bucket}/{prefix}, s3://{bucket}@{region}/{prefix} or aws://{region}/{bucket}/{prefix}.",
  ],
  [
    "aws://my-bucket/x",
    'parse storage URI aws://my-bucket/x: the first part, "my-bucket", is not an AWS region such as us-east-1. Write s3://{bucket}/{prefix}, s3://{bucket}@{region}/{prefix} or aws://{region}/{bucket}/{prefix}.',
  ],
  [
    "aws://us-east-1",
    "parse storage URI aws://us-east-1: the bucket is missing. Write s3://{bucket}/{prefix}, s3://{bucket}@{region}/{prefix} or aws://{region}/{bucket}/{prefix}.",
  ],
  [
    "aws://us-east-1/",
    "parse storage URI aws://us-east-1/: the bucket is missing. Write s3://{bucket}/{prefix}, s3://{bucket}@{region}/{prefix} or aws://{region}/{bucket}/{prefix}.",
  ],
  [
    "aws:///bkt/x",
    "parse storage URI aws:///bkt/x: the region is missing. Write s3://{bucket}/{prefix}, s3://{bucket}@{region}/{prefix} or aws://{region}/{bucket}/{prefix}.",
  ],
  [
    "aws://us-east-1/bu cket",
    'parse storage URI aws://us-east-1/bu cket: "bu cket" is not a bucket name. Bucket names are made of lower-case letters, digits, dots and hyphens, and begin with a letter or digit.',
  ],
  [
    "gs://",
    "parse storage URI gs://: the bucket is missing. Write gs://{bucket}/{prefix} or gcp://{project}/{bucket}/{prefix}.",
  ],
  [
    "gs:///x",
    "parse storage URI gs:///x: the bucket is missing. Write gs://{bucket}/{prefix} or gcp://{project}/{bucket}/{prefix}.",
  ],
  [
    "gs://Bkt/x",
    'parse storage URI gs://Bkt/x: "Bkt" is not a bucket name. Bucket names are made of lower-case letters, digits, dots, hyphens and underscores, and begin and end with a letter or digit.',
  ],
  [
    "gs://bkt-/x",
    'parse storage URI gs://bkt-/x: "bkt-" is not a bucket name. Bucket names are made of lower-case letters, digits, dots, hyphens and underscores, and begin and end with a letter or digit.',
  ],
  [
    "gs://bkt@project/x",
    'parse storage URI gs://bkt@project/x: "bkt@project" is not a bucket name. Bucket names are made of lower-case letters, digits, dots, hyphens and underscores, and begin and end with a letter or digit.',
  ],
  [
    "gs://a..b",
    'parse storage URI gs://a..b: "a..b" is not a bucket name. Bucket names are made of lower-case letters, digits, dots, hyphens and underscores, and begin and end with a letter or digit.',
  ],
  [
    "gs://bkt/x?X-Goog-Signature=abcdef",
    "parse storage URI gs://bkt/x?***: it contains credentials. Remove them from the URI, and give them as parameters, in the model's Secret or in the environment.",
  ],
  [
    "gcp://",
    "parse storage URI gcp://: the project is missing. Write gs://{bucket}/{prefix} or gcp://{project}/{bucket}/{prefix}.",
  ],
  [
    "gcp://my-project",
    "parse storage URI gcp://my-project: the bucket is missing. Write gs://{bucket}/{prefix} or gcp://{project}/{bucket}/{prefix}.",
  ],
  [
    "gcp://My Project/bkt",
    'parse storage URI gcp://My Project/bkt: the first part, "My Project", is not a project id. Write gs://{bucket}/{prefix} or gcp://{project}/{bucket}/{prefix}.',
  ],
  [
    "gcp:///bkt",
    "parse storage URI gcp:///bkt: the project is missing. Write gs://{bucket}/{prefix} or gcp://{project}/{bucket}/{prefix}.",
  ],
  [
    "az://",
    "parse storage URI az://: the container is missing. Write az://{container}/{prefix}, azure://{account}/{container}/{prefix} or az://{account}.blob.core.windows.net/{container}/{prefix}.",
  ],
  [
    "az:///x",
    "parse storage URI az:///x: the container is missing. Write az://{container}/{prefix}, azure://{account}/{container}/{prefix} or az://{account}.blob.core.windows.net/{container}/{prefix}.",
  ],
  [
    "az://Cont/x",
    'parse storage URI az://Cont/x: "Cont" is not a container name. Container names are 3 to 63 lower-case letters, digits and single hyphens.',
  ],
  [
    "az://a--b/x",
    'parse storage URI az://a--b/x: "a--b" is not a container name. Container names are 3 to 63 lower-case letters, digits and single hyphens.',
  ],
  [
    "az://acct.blob.core.windows.net",
    "parse storage URI az://acct.blob.core.windows.net: the container is missing. Write az://{container}/{prefix}, azure://{account}/{container}/{prefix} or az://{account}.blob.core.windows.net/{container}/{prefix}.",
  ],
  [
    "az://acct.blob.core.windows.net/",
    "parse storage URI az://acct.blob.core.windows.net/: the container is missing. Write az://{container}/{prefix}, azure://{account}/{container}/{prefix} or az://{account}.blob.core.windows.net/{container}/{prefix}.",
  ],
  [
    "az://acct.dfs.core.windows.net/c/p",
    'parse storage URI az://acct.dfs.core.windows.net/c/p: "acct.dfs.core.windows.net" is the Data Lake endpoint of the account. Write its blob endpoint: az://acct.blob.core.windows.net/{container}/{prefix}.',
  ],
  [
    "az://acct.example.org/c/p",
    'parse storage URI az://acct.example.org/c/p: "acct.example.org" is not a blob endpoint. Write az://{account}.blob.core.windows.net/{container}/{prefix}, or give another endpoint as the parameter `endpoint`.',
  ],
  [
    "az://127.0.0.1:10000/devstoreaccount1/c",
    'parse storage URI az://127.0.0.1:10000/devstoreaccount1/c: "127.0.0.1:10000" is not a blob endpoint. Write az://{account}.blob.core.windows.net/{container}/{prefix}, or give another endpoint as the parameter `endpoint`.',
  ],
  [
    "az://Acct.blob.core.windows.net/c",
    'parse storage URI az://Acct.blob.core.windows.net/c: "Acct" is not a storage account name. Account names are 3 to 24 lower-case letters and digits.',
  ],
  [
    "az://.blob.core.windows.net/c",
    "parse storage URI az://.blob.core.windows.net/c: the storage account is missing. Write az://{container}/{prefix}, azure://{account}/{container}/{prefix} or az://{account}.blob.core.windows.net/{container}/{prefix}.",
  ],
  [
    "az://acct.blob.core.windows.net/c/p?sv=2024-01-01&sig=secret",
    "parse storage URI az://acct.blob.core.windows.net/c/p?***: it contains credentials. Remove them from the URI, and give them as parameters, in the model's Secret or in the environment.",
  ],
  [
    "azure://",
    "parse storage URI azure://: the storage account is missing. Write az://{container}/{prefix}, azure://{account}/{container}/{prefix} or az://{account}.blob.core.windows.net/{container}/{prefix}.",
  ],
  [
    "azure://acct",
    "parse storage URI azure://acct: the container is missing. Write az://{container}/{prefix}, azure://{account}/{container}/{prefix} or az://{account}.blob.core.windows.net/{container}/{prefix}.",
  ],
  [
    "azure://acct/",
    "parse storage URI azure://acct/: the container is missing. Write az://{container}/{prefix}, azure://{account}/{container}/{prefix} or az://{account}.blob.core.windows.net/{container}/{prefix}.",
  ],
  [
    "azure://my-acct/c/p",
    'parse storage URI azure://my-acct/c/p: "my-acct" is not a storage account name. Account names are 3 to 24 lower-case letters and digits.',
  ],
  [
    "azure://acct/Cont/p",
    'parse storage URI azure://acct/Cont/p: "Cont" is not a container name. Container names are 3 to 63 lower-case letters, digits and single hyphens.',
  ],
  [
    "oci://",
    "parse storage URI oci://: the bucket is missing. Write oci://n/{namespace}/b/{bucket}/o/{prefix}, oci://{namespace}@{region}/{bucket}/{prefix} or oci://{bucket}/{prefix}.",
  ],
  [
    "oci:///x",
    "parse storage URI oci:///x: the bucket is missing. Write oci://n/{namespace}/b/{bucket}/o/{prefix}, oci://{namespace}@{region}/{bucket}/{prefix} or oci://{bucket}/{prefix}.",
  ],
  ["oci://n", 'parse storage URI oci://n: "/b/" is missing. Write oci://n/{namespace}/b/{bucket}/o/{prefix}.'],
  ["oci://n/ns", 'parse storage URI oci://n/ns: "/b/" is missing. Write oci://n/{namespace}/b/{bucket}/o/{prefix}.'],
  [
    "oci://n/ns/b/bkt",
    'parse storage URI oci://n/ns/b/bkt: "/o/" is missing. Write oci://n/{namespace}/b/{bucket}/o/{prefix}.',
  ],
  [
    "oci://n/ns/x/bkt/o/p",
    'parse storage URI oci://n/ns/x/bkt/o/p: "/x/" stands where "/b/" is expected. Write oci://n/{namespace}/b/{bucket}/o/{prefix}.',
  ],
  [
    "oci://n/ns/b/bkt/x/p",
    'parse storage URI oci://n/ns/b/bkt/x/p: "/x/" stands where "/o/" is expected. Write oci://n/{namespace}/b/{bucket}/o/{prefix}.',
  ],
  [
    "oci://n//b/bkt/o/p",
    "parse storage URI oci://n//b/bkt/o/p: the namespace is missing. Write oci://n/{namespace}/b/{bucket}/o/{prefix}, oci://{namespace}@{region}/{bucket}/{prefix} or oci://{bucket}/{prefix}.",
  ],
  [
    "oci://n/ns/b//o/p",
    "parse storage URI oci://n/ns/b//o/p: the bucket is missing. Write oci://n/{namespace}/b/{bucket}/o/{prefix}, oci://{namespace}@{region}/{bucket}/{prefix} or oci://{bucket}/{prefix}.",
  ],
  [
    "oci://n/n s/b/bkt/o/p",
    'parse storage URI oci://n/n s/b/bkt/o/p: "n s" is not a namespace. `oci os ns get` prints the namespace of your tenancy; oci://{bucket}/{prefix} lets the agent find it.',
  ],
  [
    "oci://@us-ashburn-1/bkt",
    "parse storage URI oci://@us-ashburn-1/bkt: the namespace is missing. Write oci://n/{namespace}/b/{bucket}/o/{prefix}, oci://{namespace}@{region}/{bucket}/{prefix} or oci://{bucket}/{prefix}.",
  ],
  [
    "oci://ns@/bkt",
    'parse storage URI oci://ns@/bkt: the region after "@" is empty. Write oci://n/{namespace}/b/{bucket}/o/{prefix}, oci://{namespace}@{region}/{bucket}/{prefix} or oci://{bucket}/{prefix}.',
  ],
  [
    "oci://ns@US/bkt",
    'parse storage URI oci://ns@US/bkt: "US" is not a region such as us-ashburn-1. Write oci://n/{namespace}/b/{bucket}/o/{prefix}, oci://{namespace}@{region}/{bucket}/{prefix} or oci://{bucket}/{prefix}.',
  ],
  [
    "oci://ns@us-ashburn-1",
    "parse storage URI oci://ns@us-ashburn-1: the bucket is missing. Write oci://n/{namespace}/b/{bucket}/o/{prefix}, oci://{namespace}@{region}/{bucket}/{prefix} or oci://{bucket}/{prefix}.",
  ],
  [
    "oci://ns@us-ashburn-1/",
    "parse storage URI oci://ns@us-ashburn-1/: the bucket is missing. Write oci://n/{namespace}/b/{bucket}/o/{prefix}, oci://{namespace}@{region}/{bucket}/{prefix} or oci://{bucket}/{prefix}.",
  ],
  [
    "oci://bu cket/x",
    'parse storage URI oci://bu cket/x: "bu cket" is not a bucket name. Bucket names are made of letters, digits, dots, hyphens and underscores.',
  ],
  [
    "oci://ghcr.io/org/model:tag",
    "parse storage URI oci://ghcr.io/org/model:tag: this names a container image, and model-agent does not read registries. Here oci:// means OCI Object Storage: oci://n/{namespace}/b/{bucket}/o/{prefix}.",
    "unsupported",
  ],
  [
    "oci://registry.example.org/org/model",
    "parse storage URI oci://registry.example.org/org/model: this names a container image, and model-agent does not read registries. Here oci:// means OCI Object Storage: oci://n/{namespace}/b/{bucket}/o/{prefix}.",
    "unsupported",
  ],
  [
    "oci://localhost:5000/model",
    "parse storage URI oci://localhost:5000/model: this names a container image, and model-agent does not read registries. Here oci:// means OCI Object Storage: oci://n/{namespace}/b/{bucket}/o/{prefix}.",
    "unsupported",
  ],
  [
    "oci://my.repo/model@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "parse storage URI oci://my.repo/model@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: this names a container image, and model-agent does not read registries. Here oci:// means OCI Object Storage: oci://n/{namespace}/b/{bucket}/o/{prefix}.",
    "unsupported",
  ],
  [
    "hf://",
    "parse storage URI hf://: the repository is missing. Write hf://{org}/{model}, hf://{org}/{model}@{revision} or hf://{org}/{model}@{revision}/{path}.",
  ],
  [
    "hf://@main",
    "parse storage URI hf://@main: the repository is missing. Write hf://{org}/{model}, hf://{org}/{model}@{revision} or hf://{org}/{model}@{revision}/{path}.",
  ],
  [
    "hf://a/",
    "parse storage URI hf://a/: the model's name is missing. Write hf://{org}/{model}, hf://{org}/{model}@{revision} or hf://{org}/{model}@{revision}/{path}.",
  ],
  [
    "hf:///b",
    "parse storage URI hf:///b: the organisation is missing. Write hf://{org}/{model}, hf://{org}/{model}@{revision} or hf://{org}/{model}@{revision}/{path}.",
  ],
  [
    "hf://a/@main",
    "parse storage URI hf://a/@main: the model's name is missing. Write hf://{org}/{model}, hf://{org}/{model}@{revision} or hf://{org}/{model}@{revision}/{path}.",
  ],
  [
    "hf://models/",
    "parse storage URI hf://models/: the repository is missing. Write hf://{org}/{model}, hf://{org}/{model}@{revision} or hf://{org}/{model}@{revision}/{path}.",
  ],
  [
    "hf://datasets",
    "parse storage URI hf://datasets: the repository is missing. Write hf://{org}/{model}, hf://{org}/{model}@{revision} or hf://{org}/{model}@{revision}/{path}.",
  ],
  [
    "hf://spaces/a/b",
    "parse storage URI hf://spaces/a/b: spaces are not read, only models and datasets. Write hf://{org}/{model}, hf://{org}/{model}@{revision} or hf://{org}/{model}@{revision}/{path}.",
    "unsupported",
  ],
  [
    "hf://buckets/a/b",
    "parse storage URI hf://buckets/a/b: buckets are not read, only models and datasets. Write hf://{org}/{model}, hf://{org}/{model}@{revision} or hf://{org}/{model}@{revision}/{path}.",
    "unsupported",
  ],
  [
    "hf://a/b:main",
    'parse storage URI hf://a/b:main: "b:main" has a colon. A revision is written with @: hf://{org}/{model}@{revision}.',
  ],
  [
    "hf://a b/c",
    'parse storage URI hf://a b/c: "a b" is not the name of an organisation or repository. Copy the name from the model\'s page: letters, digits, single - and . inside, and _.',
  ],
  [
    "hf://a/b--c",
    'parse storage URI hf://a/b--c: "b--c" is not the name of an organisation or repository. Copy the name from the model\'s page: letters, digits, single - and . inside, and _.',
  ],
  [
    "hf://a/b.git",
    'parse storage URI hf://a/b.git: "b.git" is not the name of an organisation or repository. Copy the name from the model\'s page: letters, digits, single - and . inside, and _.',
  ],
  [
    "hf://-a/b",
    'parse storage URI hf://-a/b: "-a" is not the name of an organisation or repository. Copy the name from the model\'s page: letters, digits, single - and . inside, and _.',
  ],
  [
    "hf://a/b@bad name",
    'parse storage URI hf://a/b@bad name: "bad name" cannot be the name of a revision. Write a branch, a tag or a commit; a slash in its name as %2F.',
  ],
  [
    "hf://a/b@a..b",
    'parse storage URI hf://a/b@a..b: "a..b" cannot be the name of a revision. Write a branch, a tag or a commit; a slash in its name as %2F.',
  ],
  [
    "hf://a/b@%zz",
    'parse storage URI hf://a/b@%zz: "%zz" is not a percent-encoding. Write % as %25 where it stands for itself, otherwise % and two hexadecimal digits.',
  ],
  [
    "hf://a/b//x",
    'parse storage URI hf://a/b//x: the path has an empty, "." or ".." segment. Write the path as the repository has it.',
  ],
  [
    "hf://a/b/../x",
    'parse storage URI hf://a/b/../x: the path has an empty, "." or ".." segment. Write the path as the repository has it.',
  ],
  [
    "hf://a/b@main/./x",
    'parse storage URI hf://a/b@main/./x: the path has an empty, "." or ".." segment. Write the path as the repository has it.',
  ],
  [
    "hf://hf_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@a/b",
    "parse storage URI hf://***@a/b: it contains credentials. Remove them from the URI, and give them as parameters, in the model's Secret or in the environment.",
  ],
  [
    "hf://user:secret@a/b",
    "parse storage URI hf://***@a/b: it contains credentials. Remove them from the URI, and give them as parameters, in the model's Secret or in the environment.",
  ],
  [
    "github://",
    "parse storage URI github://: the owner is missing. Write github://{owner}/{repository}, github://{owner}/{repository}@{tag} or github://{owner}/{repository}@{tag}/{asset}.",
  ],
  [
    "github://o",
    "parse storage URI github://o: the repository is missing. Write github://{owner}/{repository}, github://{owner}/{repository}@{tag} or github://{owner}/{repository}@{tag}/{asset}.",
  ],
  [
    "github://o/",
    "parse storage URI github://o/: the repository is missing. Write github://{owner}/{repository}, github://{owner}/{repository}@{tag} or github://{owner}/{repository}@{tag}/{asset}.",
  ],
  [
    "github:///r",
    "parse storage URI github:///r: the owner is missing. Write github://{owner}/{repository}, github://{owner}/{repository}@{tag} or github://{owner}/{repository}@{tag}/{asset}.",
  ],
  [
    "github://-o/r",
    'parse storage URI github://-o/r: "-o" is not the name of a GitHub owner. Write github://{owner}/{repository}, github://{owner}/{repository}@{tag} or github://{owner}/{repository}@{tag}/{asset}.',
  ],
  [
    "github://o/r.git",
    'parse storage URI github://o/r.git: "r.git" is not the name of a GitHub repository. Copy owner and repository from the address of its page, without .git.',
  ],
  [
    "github://o/..",
    'parse storage URI github://o/..: ".." is not the name of a GitHub repository. Copy owner and repository from the address of its page, without .git.',
  ],
  [
    "github://o/@v1",
    "parse storage URI github://o/@v1: the repository is missing. Write github://{owner}/{repository}, github://{owner}/{repository}@{tag} or github://{owner}/{repository}@{tag}/{asset}.",
  ],
  [
    "github://o/r@a b",
    'parse storage URI github://o/r@a b: "a b" cannot be the name of a revision. Write a branch, a tag or a commit; a slash in its name as %2F.',
  ],
  [
    "github://ghp_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@o/r",
    "parse storage URI github://***@o/r: it contains credentials. Remove them from the URI, and give them as parameters, in the model's Secret or in the environment.",
  ],
  [
    "http://",
    "parse storage URI http://: the host is missing. Write https://{host}/{path} for one file, or https://{host}/{path}/ with a slash at its end for a directory.",
  ],
  [
    "https:///x",
    "parse storage URI https:///x: the host is missing. Write https://{host}/{path} for one file, or https://{host}/{path}/ with a slash at its end for a directory.",
  ],
  [
    "https://user:secret@example.org/x",
    "parse storage URI https://***@example.org/x: it contains credentials. Remove them from the URI, and give them as parameters, in the model's Secret or in the environment.",
  ],
  [
    "https://token@example.org/x",
    "parse storage URI https://***@example.org/x: it contains credentials. Remove them from the URI, and give them as parameters, in the model's Secret or in the environment.",
  ],
  [
    "https://user:pa/ss@example.org/x",
    "parse storage URI https://***@example.org/x: it contains credentials. Remove them from the URI, and give them as parameters, in the model's Secret or in the environment.",
  ],
  [
    "https://user:pa?ss@example.org/x",
    "parse storage URI https://***@example.org/x: it contains credentials. Remove them from the URI, and give them as parameters, in the model's Secret or in the environment.",
  ],
  [
    "https:/user:secret@example.org/x",
    'parse storage URI https:/***@example.org/x: "https" is followed by ":/" instead of "://". Write https://***@example.org/x.',
  ],
  [
    "https://example.org:99999/x",
    'parse storage URI https://example.org:99999/x: "example.org:99999" is not a host name with an optional port. Write https://{host}/{path} for one file, or https://{host}/{path}/ with a slash at its end for a directory.',
  ],
  [
    "https://exa mple.org/x",
    'parse storage URI https://exa mple.org/x: "exa mple.org" is not a host name with an optional port. Write https://{host}/{path} for one file, or https://{host}/{path}/ with a slash at its end for a directory.',
  ],
  [
    "https://example.org/%zz",
    'parse storage URI https://example.org/%zz: "%zz" is not a percent-encoding. Write % as %25 where it stands for itself, otherwise % and two hexadecimal digits.',
  ],
  [
    "https://example.org/100%",
    'parse storage URI https://example.org/100%: "%" is not a percent-encoding. Write % as %25 where it stands for itself, otherwise % and two hexadecimal digits.',
  ],
  [
    "https://example.org/%ff",
    "parse storage URI https://example.org/%ff: the percent-encoded bytes are not UTF-8. Encode the name as UTF-8, then percent-encode it.",
  ],
  [
    "https://example.org/a%0Ab",
    "parse storage URI https://example.org/a%0Ab: it encodes a control character. Names with control characters are not supported.",
  ],
  [
    "https://example.org/a%00b",
    "parse storage URI https://example.org/a%00b: it encodes a control character. Names with control characters are not supported.",
  ],
  [
    "https://example.org/x#frag",
    'parse storage URI https://example.org/x#frag: it has a fragment ("#"). Leave it out, or write %23 where it belongs to a name.',
  ],
  [
    "https://example.org/a\\b",
    "parse storage URI https://example.org/a\\b: it has a backslash. Write / between directories, %5C in a name.",
  ],
  [
    "https://huggingface.co/a/b",
    "parse storage URI https://huggingface.co/a/b: this is the address of a web page, not of a file. Write hf://a/b.",
  ],
  [
    "https://huggingface.co/a/b/tree/main/sub",
    "parse storage URI https://huggingface.co/a/b/tree/main/sub: this is the address of a web page, not of a file. Write hf://a/b@main/sub.",
  ],
  [
    "https://huggingface.co/datasets/a/b",
    "parse storage URI https://huggingface.co/datasets/a/b: this is the address of a web page, not of a file. Write hf://datasets/a/b.",
  ],
  [
    "https://github.com/o/r",
    "parse storage URI https://github.com/o/r: this is the address of a web page, not of a file. Write github://o/r.",
  ],
  [
    "https://github.com/o/r/releases/tag/v1",
    "parse storage URI https://github.com/o/r/releases/tag/v1: this is the address of a web page, not of a file. Write github://o/r@v1.",
  ],
  [
    "https://?x=secret",
    "parse storage URI https://?***: the host is missing. Write https://{host}/{path} for one file, or https://{host}/{path}/ with a slash at its end for a directory.",
  ],
  [
    "https://example.org:99999/x?sig=secret",
    'parse storage URI https://example.org:99999/x?***: "example.org:99999" is not a host name with an optional port. Write https://{host}/{path} for one file, or https://{host}/{path}/ with a slash at its end for a directory.',
  ],
  [
    "local://",
    "parse storage URI local://: the path is missing. Write local:///absolute/path, local://relative/path or file:///absolute/path.",
  ],
  [
    "local://~/models",
    'parse storage URI local://~/models: "~" is not expanded here. Write the absolute path of the home directory.',
  ],
  [
    "local://~",
    'parse storage URI local://~: "~" is not expanded here. Write the absolute path of the home directory.',
  ],
  [
    "file://",
    "parse storage URI file://: the path is missing. Write local:///absolute/path, local://relative/path or file:///absolute/path.",
  ],
  [
    "file://host/x",
    'parse storage URI file://host/x: "host" stands where a host name would, and files of other hosts are not read. Write file:///absolute/path with three slashes.',
  ],
  [
    "file://relative",
    'parse storage URI file://relative: "relative" stands where a host name would, and files of other hosts are not read. Write file:///absolute/path with three slashes.',
  ],
  [
    "file:///a%2Fb",
    "parse storage URI file:///a%2Fb: the path has an encoded slash (%2F). Write a plain slash between directories.",
  ],
  [
    "file:///a?b",
    'parse storage URI file:///a?***: a file:// path has no "?". Write %3F where it belongs to a name, or use local://, which takes the path literally.',
  ],
  [
    "file:///a#b",
    'parse storage URI file:///a#b: a file:// path has no "#". Write %23 where it belongs to a name, or use local://, which takes the path literally.',
  ],
  [
    "file:///a%zz",
    'parse storage URI file:///a%zz: "%zz" is not a percent-encoding. Write % as %25 where it stands for itself, otherwise % and two hexadecimal digits.',
  ],
  [
    "pvc://",
    "parse storage URI pvc://: the claim's name is missing. Write pvc://{claim}/{path} or pvc://{namespace}:{claim}/{path}.",
  ],
  [
    "pvc://claim",
    "parse storage URI pvc://claim: the path inside the volume is missing. Write pvc://{claim}/{path} or pvc://{namespace}:{claim}/{path}.",
  ],
  [
    "pvc://claim/",
    "parse storage URI pvc://claim/: the path inside the volume is missing. Write pvc://{claim}/{path} or pvc://{namespace}:{claim}/{path}.",
  ],
  [
    "pvc:///x",
    "parse storage URI pvc:///x: the claim's name is missing. Write pvc://{claim}/{path} or pvc://{namespace}:{claim}/{path}.",
  ],
  [
    "pvc://:c/x",
    "parse storage URI pvc://:c/x: the namespace before the colon is empty. Write pvc://{claim}/{path} or pvc://{namespace}:{claim}/{path}.",
  ],
  [
    "pvc://ns:/x",
    "parse storage URI pvc://ns:/x: the claim's name is missing. Write pvc://{claim}/{path} or pvc://{namespace}:{claim}/{path}.",
  ],
  [
    "pvc://NS:c/x",
    'parse storage URI pvc://NS:c/x: "NS" is not a namespace. Namespaces are 1 to 63 lower-case letters, digits and inner hyphens.',
  ],
  [
    "pvc://-a:c/x",
    'parse storage URI pvc://-a:c/x: "-a" is not a namespace. Namespaces are 1 to 63 lower-case letters, digits and inner hyphens.',
  ],
  [
    "pvc://a-:c/x",
    'parse storage URI pvc://a-:c/x: "a-" is not a namespace. Namespaces are 1 to 63 lower-case letters, digits and inner hyphens.',
  ],
  [
    "pvc://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:c/x",
    'parse storage URI pvc://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:c/x: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" is not a namespace. Namespaces are 1 to 63 lower-case letters, digits and inner hyphens.',
  ],
  [
    "pvc://a:b:c/x",
    "parse storage URI pvc://a:b:c/x: there is more than one colon in the first part. Write pvc://{claim}/{path} or pvc://{namespace}:{claim}/{path}.",
  ],
  [
    "pvc://Claim/x",
    'parse storage URI pvc://Claim/x: "Claim" is not a claim\'s name. Names of claims are made of lower-case letters, digits, dots and inner hyphens.',
  ],
  [
    "pvc://claim/a/../b",
    'parse storage URI pvc://claim/a/../b: the path inside the volume has a ".." segment. Write the path without it.',
  ],
  ["vendor://", "parse storage URI vendor://: the vendor's name is missing. Write vendor://{vendor}/{type}/{path}."],
  [
    "vendor://nvidia",
    "parse storage URI vendor://nvidia: the resource type is missing. Write vendor://{vendor}/{type}/{path}.",
  ],
  [
    "vendor://nvidia/models",
    "parse storage URI vendor://nvidia/models: the resource path is missing. Write vendor://{vendor}/{type}/{path}.",
  ],
  [
    "vendor://nvidia/models/",
    "parse storage URI vendor://nvidia/models/: the resource path is missing. Write vendor://{vendor}/{type}/{path}.",
  ],
  [
    "vendor:///a/b",
    "parse storage URI vendor:///a/b: the vendor's name is missing. Write vendor://{vendor}/{type}/{path}.",
  ],
  [
    "vendor://a//b",
    "parse storage URI vendor://a//b: the resource type is missing. Write vendor://{vendor}/{type}/{path}.",
  ],
  ["memory://", "parse storage URI memory://: the bucket is missing. Write memory://{bucket}/{prefix}."],
  ["memory:///x", "parse storage URI memory:///x: the bucket is missing. Write memory://{bucket}/{prefix}."],
  [
    "memory://a b/x",
    'parse storage URI memory://a b/x: "a b" is not a bucket name. Bucket names are made of letters, digits, dots, hyphens and underscores.',
  ],
  [
    "plug://user:secret@store/x",
    "parse storage URI plug://***@store/x: it contains credentials. Remove them from the URI, and give them as parameters, in the model's Secret or in the environment.",
  ],
];
