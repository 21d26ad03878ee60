import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isStorageError } from "../../../../src/errors.ts";
import { readChecksumFile } from "../../../../src/storage/providers/http/index/checksum-file.ts";
import { readHtmlIndex } from "../../../../src/storage/providers/http/index/html-index.ts";
import { readJsonIndex } from "../../../../src/storage/providers/http/index/json-index.ts";
import { expectError } from "../../../../src/testing/conformance/index.ts";

const page = "https://host.example/models/llama/";

function names(html: string, url = page): string[] | undefined {
  return readHtmlIndex(html, url, "target")?.map((entry) => entry.name + (entry.directory ? "/" : ""));
}

const links: readonly [html: string, found: string[]][] = [
  ['<a href="config.json">', ["config.json"]],
  ["<a href='config.json'>", ["config.json"]],
  ["<a title=\" href='no' \" data-href=no2 href=config.json>", ["config.json"]],
  ['<td class="n"><a href="../">..</a>/</td><td class="n"><a href="sub/">sub</a>/</td>', ["sub/"]],
  ["<a href=config.json>", ["config.json"]],
  ['<A CLASS="x" HREF = "config.json" title="a > b">', ["config.json"]],
  ['<a\n  href="config.json"\n>', ["config.json"]],
  ['<a href="./config.json">', ["config.json"]],
  ['<a href="/models/llama/config.json">', ["config.json"]],
  ['<a href="https://host.example/models/llama/config.json">', ["config.json"]],
  ['<a href="a%20b%2Bc.bin">', ["a b+c.bin"]],
  ['<a href="a+b.bin">', ["a+b.bin"]],
  ['<a href="100%.bin">', ["100%.bin"]],
  ['<a href="a&amp;b.bin"><a href="x&#39;y"><a href="x&#x22;z">', ["a&b.bin", "x'y", 'x"z']],
  ['<a href="%C3%BC.bin">', ["ü.bin"]],
  ['<a href="config.json#part">', ["config.json"]],
  ['<a href="sub/">', ["sub/"]],
  ['<a href="a"><img></a><a href="a">a</a>', ["a"]],
  ['<a href="one">1</a><!-- <a href="two">2</a> --><a href="three">', ["one", "three"]],
];
for (const [html, found] of links) test(`finds the child in ${html}`, () => assert.deepEqual(names(html), found));

test("takes links that lead elsewhere for navigation", () => {
  const elsewhere = [
    "../",
    "..",
    "/",
    "/models/",
    "/models/llama",
    "/models/llama/",
    "./",
    "",
    "#top",
    "?C=N;O=D",
    "file.bin?C=M",
    "https://other.example/models/llama/config.json",
    "http://host.example/models/llama/config.json",
    "//other.example/models/llama/config.json",
    "mailto:a@b.example",
    "javascript:alert(1)",
    "file:///etc/passwd",
    "../../../etc/passwd",
    "..\\..\\etc\\passwd",
    "%2e%2e/secret",
    "sub/deep/file",
    "/models/llama2/file",
  ];
  const html = `<title>Index of /</title>${elsewhere.map((href) => `<a href="${href}">x</a>`).join("\n")}`;
  assert.deepEqual(names(html), []);
});

test("refuses names that would leave the directory", async () => {
  for (const href of ["..%2f..%2fetc%2fpasswd", "a%2Fb", "%2e%2e%2f", "a%00b", "a%0Ab"]) {
    await expectError(async () => names(`<a href="${href}">`), "unsafe_path");
  }
});

test("resolves links against the page that answered", () => {
  assert.deepEqual(names('<a href="file">', "https://cdn.example/x/y/index.html"), ["file"]);
});

test("tells an empty index from a page that is none", () => {
  assert.deepEqual(names('<html><head><title>Index of /x/</title></head><a href="../">../</a>'), []);
  assert.deepEqual(names("<title>Directory listing for /x/</title><ul></ul>"), []);
  assert.equal(names("<html><body>Welcome! <a href='https://elsewhere.example'>Go</a></body></html>"), undefined);
});

test("reads hostile pages in time and without failing otherwise", () => {
  const hostile = [
    "<a ".repeat(200_000),
    "<!--".repeat(200_000),
    `<a ${'x="" '.repeat(100_000)}`,
    `<a href="${"&".repeat(100_000)}">`,
  ];
  for (const html of hostile) readHtmlIndex(html, page, "target");
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(..."<a href='\"=>/.%2e&#;!-?\\ \0é".split("")), maxLength: 60 }),
      (text) => {
        try {
          for (const { name } of readHtmlIndex(text, page, "target") ?? []) {
            assert.ok(name !== "" && name !== "." && name !== ".." && !name.includes("/") && !name.includes("\0"));
          }
        } catch (error) {
          assert.ok(isStorageError(error) && error.code === "unsafe_path");
        }
      },
    ),
    { numRuns: 2000 },
  );
});

test("reads the JSON of nginx and of Caddy", () => {
  const nginx =
    '[{"name":"a b","type":"directory","mtime":"x"},{"name":"c","type":"file","mtime":"x","size":7},{"name":"s","type":"other"}]';
  assert.deepEqual(readJsonIndex(nginx, "t"), {
    kind: "level",
    entries: [
      { name: "a b", directory: true, size: undefined },
      { name: "c", directory: false, size: 7 },
    ],
  });
  const caddy =
    '[{"name":"d/","size":4096,"url":"./d/","is_dir":true},{"name":"e","size":0,"url":"./e","is_dir":false}]';
  assert.deepEqual(readJsonIndex(caddy, "t"), {
    kind: "level",
    entries: [
      { name: "d", directory: true, size: undefined },
      { name: "e", directory: false, size: 0 },
    ],
  });
});

test("reads an explicit file list", () => {
  const sha256 = "AB".repeat(32);
  const index = readJsonIndex(
    JSON.stringify({
      generator: "x",
      files: [{ path: "sub/a b.bin", size: 5, digests: { crc32c: "00000001", sha256 } }],
    }),
    "t",
  );
  assert.deepEqual(index, {
    kind: "files",
    files: [
      {
        path: "sub/a b.bin",
        size: 5,
        digests: [
          { kind: "full", algorithm: "sha256", value: sha256.toLowerCase(), confidence: "stated" },
          { kind: "full", algorithm: "crc32c", value: "00000001", confidence: "stated" },
        ],
      },
    ],
  });
});

const badLists: readonly [content: string, message: RegExp][] = [
  ["{", /not valid JSON/],
  ["{}", /no file list at files/],
  ['{"files":[{"path":"a"}]}', /at files\.0\.size/],
  ['{"files":[{"path":"a","size":-1}]}', /at files\.0\.size/],
  ['{"files":[{"path":"a","size":1.5}]}', /at files\.0\.size/],
  ['{"files":[{"path":"a","size":1,"digests":{"sha256":"12"}}]}', /at files\.0\.digests\.sha256: must be 64 hex/],
  ['{"files":[{"path":"a","size":1,"digests":{"sha-256":"12"}}]}', /sha-256/],
  ['{"files":[{"path":"a","size":1},{"path":"a","size":1}]}', /lists "a" twice/],
  ['[{"size":1}]', /at 0\.name/],
  ['"text"', /no file list/],
];
for (const [content, message] of badLists) {
  test(`refuses the file list ${content}`, async () => {
    const error = await expectError(async () => readJsonIndex(content, "t"), "config_invalid", "http");
    assert.match(error.message, message);
  });
}

test("refuses paths that would leave the directory, in lists and in listings", async () => {
  for (const path of ["../a", "/a", "a/../../b", "a//b", "", ".", "a/", "a\0"]) {
    const content = JSON.stringify({ files: [{ path, size: 1 }] });
    await expectError(async () => readJsonIndex(content, "t"), "unsafe_path", "http");
  }
  for (const name of ["../a", "a/b", "..", ""]) {
    await expectError(async () => readJsonIndex(JSON.stringify([{ name, size: 1 }]), "t"), "unsafe_path", "http");
  }
});

test("reads checksum files in their usual forms", () => {
  const value = "0123456789abcdef".repeat(4);
  const other = "f".repeat(64);
  const forms = [
    value,
    `${value}\n`,
    `${value}  model.bin\n`,
    `${value} *model.bin\r\n`,
    `${value.toUpperCase()}  ./dir/model.bin`,
    `SHA256 (model.bin) = ${value}`,
    `# comment\n${other}  other.bin\n${value}  model.bin\n`,
  ];
  for (const content of forms) assert.equal(readChecksumFile(content, "model.bin")?.value, value, content);
  const useless = ["", "nonsense", value.slice(1), `${value}  other.bin`, `${value}\n${other}\n`, "<html>404</html>"];
  for (const content of useless) assert.equal(readChecksumFile(content, "model.bin"), undefined, content);
});
