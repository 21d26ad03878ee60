import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { readRange } from "../../src/storage/read-range.ts";
import { digestHolds } from "../../src/testing/conformance/index.ts";
import { startFakeOci } from "../../src/testing/fake-oci/index.ts";
import { parseUri } from "../../src/uri/parse-uri.ts";
import { createTestUser, knownKey } from "../support/oci/api-key.ts";
import { openOci, secretOf } from "../support/oci/open-oci.ts";
import { runTool } from "../support/run-tool.ts";
import { findOciCli } from "./servers/oci-cli.ts";
import { Unavailable } from "./servers/real-server.ts";

const mebibyte = 1024 * 1024;
const command = await findOciCli(3 * 60_000).catch((error: unknown) => {
  if (error instanceof Unavailable) return error;
  throw error;
});

if (command instanceof Unavailable) test("oci-cli", { skip: command.message }, () => {});
else await registerAgainst(command);

/** Oracle's command line and our provider on the same fake: each reads what the other wrote. */
async function registerAgainst(oci: string): Promise<void> {
  const user = createTestUser();
  const fake = await startFakeOci({ buckets: ["models"], keys: [knownKey(user)], copyPolls: 0 });
  const directory = mkdtempSync(join(tmpdir(), "oci-cli-"));
  const config = join(directory, "config");
  const key = join(directory, "key.pem");
  writeFileSync(key, `${user.pem}\nOCI_API_KEY\n`);
  writeFileSync(
    config,
    `[DEFAULT]\nuser=${user.user}\nfingerprint=${user.fingerprint}\ntenancy=${user.tenancy}\nregion=us-ashburn-1\nkey_file=${key}\n`,
  );
  for (const path of [config, key]) chmodSync(path, 0o600);
  const client = await openOci(fake, "oci://models/", { secret: secretOf(user) });
  after(async () => {
    await client.close();
    await fake.close();
    rmSync(directory, { recursive: true });
  });
  const env = { OCI_CLI_SUPPRESS_FILE_PERMISSIONS_WARNING: "True", SUPPRESS_LABEL_WARNING: "True", HOME: directory };
  const run = (...args: readonly string[]): Promise<string> =>
    runTool(oci, ["--config-file", config, "--endpoint", fake.url, "os", ...args], env);
  const file = (name: string, bytes: Uint8Array): string => {
    const path = join(directory, name);
    writeFileSync(path, bytes);
    return path;
  };
  const at = (name: string) => parseUri(`oci://models/${name}`);
  console.log(`oci-cli: ${(await runTool(oci, ["--version"], env)).trim()} (${oci})`);

  test("oci-cli: it finds the namespace", async () => {
    const { data } = JSON.parse(await run("ns", "get")) as { data: string };
    assert.equal(data, fake.namespace);
  });

  test("oci-cli: what it uploads, whole and in parts, is read and proven by us", async () => {
    const names = ["plain", "dir/with space", "dir/ä+%2F&x=y"];
    for (const [index, name] of names.entries()) {
      const bytes = randomBytes(1000 + index);
      await run("object", "put", "-bn", "models", "--name", name, "--file", file("upload", bytes), "--force");
      const info = await client.stat(at(name));
      assert.equal(info.size, bytes.length);
      for (const digest of info.digests) assert.equal(await digestHolds(digest, bytes), true, name);
      assert.ok(bytes.equals(await readRange(client, at(name))));
    }
    const bytes = randomBytes(25 * mebibyte + 3);
    const put = [
      "object",
      "put",
      "-bn",
      "models",
      "--name",
      "parts",
      "--file",
      file("parts", bytes),
      "--part-size",
      "10",
    ];
    await run(...put, "--force");
    const { digests } = await client.stat(at("parts"));
    const [digest] = digests;
    assert.ok(
      digest?.kind === "composite" && digest.algorithm === "md5" && digest.partCount === 3,
      JSON.stringify(digests),
    );
    const [partSize] = digest.likelyPartSizes ?? [];
    assert.equal(partSize, 10 * mebibyte);
    assert.equal(await digestHolds({ ...digest, partSize }, bytes), true);
  });

  test("oci-cli: what we upload, whole and in parts, it lists and reads", async () => {
    for (const [name, size] of [
      ["ours/empty", 0],
      ["ours/small file", 4321],
      ["ours/parts", 21 * mebibyte],
    ] as const) {
      const bytes = randomBytes(size);
      await client.put(at(name), bytes, { partSize: 10 * mebibyte });
      const target = join(directory, "download");
      await run("object", "get", "-bn", "models", "--name", name, "--file", target);
      assert.ok(bytes.equals(readFileSync(target)), name);
    }
    const { data } = JSON.parse(await run("object", "list", "-bn", "models", "--prefix", "ours/", "--all")) as {
      data: { name: string; size: number }[];
    };
    assert.deepEqual(
      data.map(({ name }) => name),
      ["ours/empty", "ours/parts", "ours/small file"],
    );
    await run("object", "delete", "-bn", "models", "--name", "ours/parts", "--force");
    assert.deepEqual(
      fake.keys("models").filter((name) => name.startsWith("ours/")),
      ["ours/empty", "ours/small file"],
    );
  });

  test("oci-cli: a wrong key is refused", async () => {
    fake.revokeKey(user.keyId);
    await assert.rejects(run("ns", "get"), /NotAuthenticated/);
    fake.addKey(knownKey(user));
  });
}
