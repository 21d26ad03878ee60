import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "@prometheus-io/client";
import { type MetricDefinition, type MetricsTable, metricsTable } from "./metrics-table.ts";

type NamesOf<Type extends MetricDefinition["type"]> = {
  [Name in keyof MetricsTable]: MetricsTable[Name]["type"] extends Type ? Name : never;
}[keyof MetricsTable];
type LabelsOf<Name extends keyof MetricsTable> = Readonly<Record<MetricsTable[Name]["labels"][number], string>>;

/** The labels that name a model in metrics. */
export interface ModelLabels {
  /** `BaseModel` or `ClusterBaseModel`. */
  readonly model_type: string;
  /** Empty for cluster-wide models. */
  readonly namespace: string;
  readonly name: string;
}

/** The agent's metrics, in one registry of their own. */
export interface Metrics {
  increment<Name extends NamesOf<"counter">>(name: Name, labels: LabelsOf<Name>, by?: number): void;
  set<Name extends NamesOf<"gauge">>(name: Name, labels: LabelsOf<Name>, value: number): void;
  observe<Name extends NamesOf<"histogram">>(name: Name, labels: LabelsOf<Name>, value: number): void;
  /** Drops every series of this model. */
  removeModel(labels: ModelLabels): void;
  /** The Prometheus text exposition. */
  render(): Promise<{ readonly contentType: string; readonly body: string }>;
}

export interface MetricsOptions {
  /** Also Node's and the process's own metrics (`process_*`, `nodejs_*`). Default false. */
  readonly runtime?: boolean | undefined;
  /** Runs before every rendering, to set gauges that are measured on demand. */
  readonly beforeRender?: ((metrics: Metrics) => Promise<void>) | undefined;
}

/** Registers the whole {@link metricsTable}. Metrics without labels show from the start, at 0. */
export function createMetrics(options: MetricsOptions = {}): Metrics {
  const registry = new Registry();
  const counters = new Map<string, Counter<string>>();
  const gauges = new Map<string, Gauge<string>>();
  const histograms = new Map<string, Histogram<string>>();
  for (const [name, definition] of Object.entries<MetricDefinition>(metricsTable)) {
    const base = {
      name: definition.name,
      help: definition.help,
      labelNames: [...definition.labels],
      registers: [registry],
    };
    const buckets = definition.buckets === undefined ? {} : { buckets: [...definition.buckets] };
    if (definition.type === "counter") counters.set(name, new Counter(base));
    else if (definition.type === "gauge") gauges.set(name, new Gauge(base));
    else histograms.set(name, new Histogram({ ...base, ...buckets }));
  }
  if (options.runtime) collectDefaultMetrics({ register: registry });

  /** For every model the series that exist, so that they can go away with it. */
  const seriesOfModel = new Map<string, Map<string, () => void>>();
  const remember = (
    name: string,
    metric: Counter<string> | Gauge<string>,
    labels: Readonly<Record<string, string>>,
  ): void => {
    if (labels["model_type"] === undefined) return;
    const model = modelId(labels);
    const series = seriesOfModel.get(model) ?? new Map<string, () => void>();
    seriesOfModel.set(model, series);
    series.set(JSON.stringify([name, labels]), () => metric.remove(labels));
  };

  const metrics: Metrics = {
    increment: (name, labels, by = 1) => {
      const metric = counters.get(name);
      if (metric === undefined) return;
      metric.inc(labels, by);
      remember(name, metric, labels);
    },
    set: (name, labels, value) => {
      const metric = gauges.get(name);
      if (metric === undefined) return;
      metric.set(labels, value);
      remember(name, metric, labels);
    },
    observe: (name, labels, value) => histograms.get(name)?.observe(labels, value),
    removeModel: (labels) => {
      const id = modelId({ ...labels });
      for (const remove of seriesOfModel.get(id)?.values() ?? []) remove();
      seriesOfModel.delete(id);
    },
    render: async () => {
      await options.beforeRender?.(metrics);
      return { contentType: registry.contentType, body: await registry.metrics() };
    },
  };
  return metrics;
}

function modelId(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify([labels["model_type"], labels["namespace"], labels["name"]]);
}
