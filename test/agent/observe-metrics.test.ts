import assert from "node:assert/strict";
import { test } from "node:test";
import { observeMetrics } from "../../src/agent/observe-metrics.ts";
import { StorageError } from "../../src/errors.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";

const identity = { kind: "BaseModel", namespace: "team", name: "llama" } as const;
const labels = 'model_type="BaseModel",namespace="team",name="llama"';

test("events of a transfer are counted by provider and region, never by file", async () => {
  const metrics = createMetrics();
  const observer = observeMetrics(metrics, () => 1_700_000_000_000);
  const source = "s3:eu-west-1";
  observer.transferEvent(identity, { type: "bytes", source, bytes: 100 });
  observer.transferEvent(identity, { type: "request", source, status: 206 });
  observer.transferEvent(identity, { type: "retry", source, path: "a/b", code: "unavailable", delayMs: 5 });
  observer.transferEvent(identity, { type: "stall", source, path: "a/b" });
  observer.transferEvent(identity, { type: "hedge", source, path: "a/b" });
  observer.transferEvent(identity, { type: "cool-down", source, scope: "host", delayMs: 3000 });
  observer.transferEvent(identity, { type: "relocate", source, path: "a/b" });
  observer.transferEvent(identity, { type: "restart", path: "a/b", reason: "x" });
  const { body } = await metrics.render();
  for (const line of [
    'model_agent_source_bytes_total{provider="s3",region="eu-west-1",kind="origin"} 100',
    `model_agent_download_bytes_total{${labels}} 100`,
    'model_agent_source_requests_total{provider="s3",code="206"} 1',
    'model_agent_source_retries_total{provider="s3",code="unavailable"} 1',
    'model_agent_stalls_total{provider="s3"} 1',
    'model_agent_hedges_total{provider="s3"} 1',
    `model_agent_rate_limit_total{${labels}} 1`,
    "model_agent_rate_limit_wait_seconds_sum 3",
  ])
    assert.ok(body.includes(`${line}\n`), line);
  assert.ok(!body.includes("a/b"));
});

test("outcomes are counted per model; a wrong digest is told apart", async () => {
  const metrics = createMetrics();
  const observer = observeMetrics(metrics, () => 1_700_000_000_000);
  const report = { files: 1, bytes: 5, filesVerifiedBySource: 1, fetchedBytes: 3, resumedBytes: 2 };
  observer.delivered(identity, report, 1500, 42_000);
  const error = new StorageError({ code: "checksum_mismatch", operation: "x", detail: "d", hint: "h." });
  observer.failed(identity, error);
  observer.failed(identity, error.with({ code: "unavailable" }));
  observer.checked(identity, true, 20);
  const { body } = await metrics.render();
  for (const line of [
    `model_agent_downloads_success_total{${labels}} 1`,
    `model_agent_downloads_failed_total{${labels}} 2`,
    `model_agent_md5_checksum_failed_total{${labels}} 1`,
    `model_agent_verifications_total{${labels},result="success"} 2`,
    `model_agent_verifications_total{${labels},result="failure"} 1`,
    "model_agent_resumed_bytes_total 2",
    'model_agent_time_to_ready_seconds_bucket{le="60"} 1',
    'model_agent_time_to_ready_seconds_bucket{le="30"} 0',
    `model_agent_last_success_timestamp_seconds{${labels}} 1700000000`,
  ])
    assert.ok(body.includes(`${line}\n`), line);
});
