import { type MetricDefinition, metricsTable } from "../src/telemetry/metrics-table.ts";

const introduction = `# Metrics

\`model-agent run\` serves these at \`GET /metrics\` in the Prometheus text format, together with Node's own \`process_*\` and
\`nodejs_*\` metrics. The page is generated from \`src/telemetry/metrics-table.ts\` by \`npm run docs:metrics\`; a test fails when
the two differ.

Model series carry \`model_type\` (\`BaseModel\` or \`ClusterBaseModel\`), \`namespace\` (empty for cluster-wide models) and \`name\`,
and disappear when the model is deleted. Names and labels up to \`model_agent_rate_limit_wait_seconds\` are those of OME's Go
agent, so that existing dashboards keep working. Its \`go_*\` gauges have no counterpart here: there is no Go runtime to
measure; use \`process_resident_memory_bytes\` and \`nodejs_eventloop_lag_p99_seconds\` instead.

`;

/** The text of docs/metrics.md. */
export function metricsPage(): string {
  const rows = Object.values<MetricDefinition>(metricsTable).map((metric) => {
    const labels = metric.labels.map((label) => `\`${label}\``).join(", ");
    const buckets = metric.buckets === undefined ? "" : ` Buckets: ${metric.buckets.join(", ")}.`;
    return `| \`${metric.name}\` | ${metric.type} | ${labels} | ${metric.help}${buckets} |`;
  });
  return `${introduction}| name | type | labels | meaning |\n| --- | --- | --- | --- |\n${rows.join("\n")}\n`;
}
