import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { parse } from "yaml";
import { metricsTable } from "../../src/telemetry/metrics-table.ts";

const deploy = new URL("../../deploy/", import.meta.url);
const known = new Set<string>(
  Object.values(metricsTable).flatMap(({ name, type }) =>
    type === "histogram" ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  ),
);

function metricsIn(expression: string): readonly string[] {
  return expression.match(/model_agent_[a-z0-9_]+/g) ?? [];
}

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

async function readAlerts(): Promise<readonly Alert[]> {
  const text = await readFile(new URL("helm/model-agent/files/alerts.yaml", deploy), "utf8");
  const { groups } = parse(text) as { groups: { rules: Alert[] }[] };
  return groups.flatMap(({ rules }) => rules);
}

test("alerts use metrics that exist, and say what to do", async () => {
  const alerts = await readAlerts();
  assert.ok(alerts.length >= 5);
  for (const { alert, expr, labels, annotations } of alerts) {
    assert.ok(metricsIn(expr).length > 0, alert);
    for (const name of metricsIn(expr)) assert.ok(known.has(name), `${alert}: ${name}`);
    assert.match(labels["severity"] ?? "", /^(info|warning|critical)$/);
    assert.ok((annotations["summary"] ?? "") !== "" && (annotations["description"] ?? "") !== "", alert);
  }
});

test("labels that alerts name are labels that their metrics have", async () => {
  const labelsOf = new Map<string, readonly string[]>(
    Object.values(metricsTable).map(({ name, labels }) => [name, labels]),
  );
  for (const { alert, expr } of await readAlerts()) {
    const grouped = [...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list]) =>
      (list ?? "").split(",").map((label) => label.trim()),
    );
    const available = new Set([...metricsIn(expr).flatMap((name) => labelsOf.get(name) ?? []), "instance", "le"]);
    for (const label of grouped) assert.ok(available.has(label), `${alert}: ${label}`);
  }
});

test("an alert that joins metrics of different labels says on which", async () => {
  const labelsOf = (expression: string): string =>
    JSON.stringify(
      Object.values(metricsTable)
        .filter(({ name }) => metricsIn(expression).includes(name))
        .map(({ labels }) => labels),
    );
  for (const { alert, expr } of await readAlerts()) {
    const [left = "", ...rights] = expr.split(/ and /);
    for (const right of rights) {
      assert.ok(labelsOf(left) === labelsOf(right) || right.startsWith("on ("), `${alert} would never fire`);
    }
  }
});

test("the dashboard uses metrics that exist", async () => {
  const dashboard = JSON.parse(await readFile(new URL("monitoring/dashboard.json", deploy), "utf8")) as {
    panels: { id: number; title: string; targets: { expr: string }[] }[];
  };
  assert.equal(new Set(dashboard.panels.map(({ id }) => id)).size, dashboard.panels.length);
  for (const { title, targets } of dashboard.panels) {
    for (const { expr } of targets) {
      assert.ok(metricsIn(expr).length > 0, title);
      for (const name of metricsIn(expr)) assert.ok(known.has(name), `${title}: ${name}`);
    }
  }
});
