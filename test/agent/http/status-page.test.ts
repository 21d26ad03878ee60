import assert from "node:assert/strict";
import { test } from "node:test";
import { statusPage } from "../../../src/agent/http/status-page.ts";
import { agentStatus, modelStatus } from "../../support/agent-status.ts";

const now = Date.parse("2026-03-04T05:10:00Z");

test("every state shows what matters in it", () => {
  const page = statusPage(
    agentStatus(
      [
        modelStatus("llama"),
        modelStatus("qwen", {
          state: "Updating",
          reason: "Downloading",
          report: undefined,
          progress: {
            phase: "downloading",
            totalBytes: 10e9,
            completedBytes: 4e9,
            totalFiles: 5,
            completedFiles: 2,
            bytesPerSecond: 1e9,
            activeFiles: [],
          },
        }),
        modelStatus("bad", {
          state: "Failed",
          reason: "NotFound",
          message: "list s3://bucket/bad: nothing there.",
          report: undefined,
          error: { code: "not_found", failures: 3, retryAt: now + 42_000 },
        }),
      ],
      {
        problems: [{ file: "x.yaml", line: 7, severity: "error", message: "spec.storage.storageUri is missing." }],
        skipped: [{ key: "clusterbasemodel/off", reason: "disabled", origin: "off.yaml:1" }],
      },
    ),
    now,
  );
  for (const text of [
    "1 ready, 1 updating, 1 failed",
    "4.00 GB of 10.0 GB, 2 of 5 files, 1.00 GB/s, 6.0s left",
    "Failed 3 times in a row; next attempt in 42s",
    "x.yaml:7: spec.storage.storageUri is missing.",
    "off.yaml:1): disabled",
    "4.50 GB in 3 files",
  ])
    assert.ok(page.includes(text), text);
});

test("what a manifest says cannot become markup", () => {
  const page = statusPage(
    agentStatus([
      modelStatus("x", { message: "<script>alert(1)</script>", storageUri: `s3://b/"onload='x'`, report: undefined }),
    ]),
    now,
  );
  assert.ok(!page.includes("<script"), page);
  assert.ok(!page.includes(`"onload`), page);
});

test("nothing is loaded from elsewhere", () => {
  assert.doesNotMatch(statusPage(agentStatus([modelStatus("x")]), now), /\b(src|href)=/);
});
