import assert from "node:assert/strict";
import { mkdir, readdir, readFile, rename, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { agentHouse, startAgent } from "../support/agent-house.ts";

async function localModel(directory: string): Promise<string> {
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, "config.json"), '{"model_type":"llama"}');
  await writeFile(join(directory, "notes.txt"), "text");
  return directory;
}

const manifest = (uri: string, path: string, parameters: string): string => `apiVersion: ome.io/v1beta1
kind: ClusterBaseModel
metadata: { name: local }
spec: { storage: { storageUri: "${uri}", path: "${path}", parameters: ${parameters} } }
`;

for (const mode of ["copy", "hard-link"]) {
  test(`a link below the models root brings nothing from elsewhere (${mode})`, async (t) => {
    const house = await agentHouse(t);
    const outside = await localModel(join(house.directory, "private"));
    await mkdir(house.root, { recursive: true });
    const agent = await startAgent(house);
    const destination = join(house.root, "copied");
    const wish = (uri: string): Promise<void> =>
      writeFile(join(house.manifests, "local.yaml"), manifest(uri, destination, `{ mode: ${mode}, symlinks: follow }`));
    const unsafe = (target: string) => (model: { reason: string; storageUri: string } | undefined) =>
      model?.reason === "UnsafePath" && model.storageUri.endsWith(target);

    await symlink(outside, join(house.root, "link"));
    await wish(`local://${house.root}/link/`);
    await agent.until("local", unsafe("link/"));

    await mkdir(join(house.root, "cache"));
    await symlink(join(outside, "config.json"), join(house.root, "cache", "config.json"));
    await wish(`local://${house.root}/cache/`);
    await agent.until("local", unsafe("cache/"));
    assert.deepEqual(await readdir(destination).catch(() => []), []);

    // What lies below the root may be linked from anywhere below it, as in the cache of the Hub.
    await rename(outside, join(house.root, "blobs"));
    await mkdir(join(house.root, "snapshot"));
    await symlink("../blobs/config.json", join(house.root, "snapshot", "config.json"));
    await wish(`local://${house.root}/snapshot/`);
    await agent.ready("local");
    assert.match(await readFile(join(destination, "config.json"), "utf8"), /llama/);
  });
}
