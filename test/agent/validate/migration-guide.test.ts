import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { validateManifests } from "../../../src/agent/validate/validate-manifests.ts";

test("every manifest of the migration guide is right", async () => {
  const guide = await readFile(new URL("../../../docs/migration.md", import.meta.url), "utf8");
  const manifests = [...guide.matchAll(/```yaml\n(.*?)```/gs)].map(([, text], index) => ({
    file: `example-${index}`,
    text: text ?? "",
  }));
  assert.ok(manifests.length >= 5);
  for (const manifest of manifests) {
    const { problems } = await validateManifests([manifest], { modelsRoot: "/mnt/data/models", allowedPaths: [] });
    const errors = problems.filter(({ severity }) => severity === "error");
    assert.deepEqual(errors, [], manifest.text);
    // What a cluster's webhook puts into the environment cannot be seen from here; anything else would be a bad example.
    for (const { message } of problems) assert.match(message, /unless the agent's environment/);
  }
});
