import assert from "node:assert/strict";
import { test } from "node:test";
import { filePriorities } from "../../src/models/priority.ts";

test("configuration and tokenizer come first, then indexes, other small files, and shards in their order", () => {
  const expected = [
    ["config.json", 700, 0],
    ["tokenizer.json", 17_000_000, 0],
    ["scheduler/scheduler_config.json", 300, 0],
    ["chat_template.jinja", 5000, 0],
    ["vocab.txt", 100_000, 0],
    ["model.safetensors.index.json", 24_000, 1],
    ["README.md", 9000, 2],
    ["modeling_x.py", 9000, 2],
    ["figure.png", 3_000_000, 3],
    ["model-2-of-10.safetensors", 5_000_000_000, 4],
    ["model-10-of-10.safetensors", 900, 5],
    ["original/consolidated.00.pth", 5_000_000_000, 6],
  ] as const;
  const files = expected.map(([path, size]) => ({ path, size })).reverse();
  const priorities = filePriorities(files);
  assert.deepEqual(
    expected.map(([path]) => [path, priorities.get(path)]),
    expected.map(([path, , priority]) => [path, priority]),
  );
});
