import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { metricsPage } from "../../scripts/metrics-page.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { type MetricDefinition, metricsTable } from "../../src/telemetry/metrics-table.ts";

const llama = { model_type: "BaseModel", namespace: "team", name: "llama" };
const other = { model_type: "ClusterBaseModel", namespace: "", name: "llama" };

test("names follow the conventions: one prefix, base units, counters end in _total, buckets ascend", () => {
  const names = new Set<string>();
  for (const metric of Object.values<MetricDefinition>(metricsTable)) {
    assert.match(metric.name, /^model_agent_[a-z0-9_]+$/);
    assert.equal(metric.type === "counter", metric.name.endsWith("_total"), metric.name);
    assert.match(metric.help, /\.$/);
    const buckets = metric.buckets ?? [];
    assert.equal(metric.type === "histogram", buckets.length > 0, metric.name);
    assert.deepEqual(
      [...buckets],
      [...buckets].sort((left, right) => left - right),
    );
    names.add(metric.name);
  }
  assert.equal(names.size, Object.keys(metricsTable).length);
});

test("the names and labels that OME dashboards use are there", () => {
  const labels = ["model_type", "namespace", "name"];
  const expected: Readonly<Record<string, readonly string[]>> = {
    model_agent_downloads_success_total: labels,
    model_agent_downloads_failed_total: labels,
    model_agent_verifications_total: [...labels, "result"],
    model_agent_md5_checksum_failed_total: labels,
    model_agent_rate_limit_total: labels,
    model_agent_download_bytes_total: labels,
    model_agent_download_duration_seconds: [],
    model_agent_verification_duration_seconds: [],
    model_agent_rate_limit_wait_seconds: [],
  };
  for (const [name, wanted] of Object.entries(expected)) {
    const metric = Object.values<MetricDefinition>(metricsTable).find((candidate) => candidate.name === name);
    assert.deepEqual(metric?.labels, wanted, name);
  }
});

test("a model's series go away with the model, others stay", async () => {
  const metrics = createMetrics();
  for (const model of [llama, other]) {
    metrics.increment("downloadsSuccess", model);
    metrics.increment("verifications", { ...model, result: "failure" }, 2);
    metrics.set("modelReady", model, 1);
  }
  metrics.removeModel(llama);
  const { body, contentType } = await metrics.render();
  assert.match(contentType, /^text\/plain/);
  assert.ok(!body.includes('namespace="team"'), body);
  assert.match(
    body,
    /model_agent_downloads_success_total\{model_type="ClusterBaseModel",namespace="",name="llama"\} 1/,
  );
  assert.match(body, /model_agent_verifications_total\{.*result="failure"\} 2/);
});

test("two agents in one process do not share metrics", async () => {
  const [first, second] = [createMetrics(), createMetrics({ runtime: false })];
  first.increment("resumedBytes", {}, 7);
  assert.match((await first.render()).body, /model_agent_resumed_bytes_total 7/);
  assert.match((await second.render()).body, /model_agent_resumed_bytes_total 0/);
});

test("gauges that are measured on demand are set before each rendering", async () => {
  const metrics = createMetrics({ beforeRender: async (own) => own.set("diskFree", {}, 42) });
  assert.match((await metrics.render()).body, /model_agent_disk_free_bytes 42/);
});

test("docs/metrics.md is what the table says", async () => {
  const page = await readFile(new URL("../../docs/metrics.md", import.meta.url), "utf8");
  assert.equal(page, metricsPage(), "run `npm run docs:metrics`");
});
