import type { Metrics, ModelLabels } from "../telemetry/metrics.ts";
import type { GopherObserver } from "./gopher/gopher-observer.ts";
import type { ModelIdentity } from "./model-identity.ts";
import type { StatusPublisher } from "./status/status-publisher.ts";

export function metricLabels(identity: ModelIdentity): ModelLabels {
  return { model_type: identity.kind, namespace: identity.namespace, name: identity.name };
}

/** Counts what the gopher does. */
export function observeMetrics(metrics: Metrics, now: () => number): GopherObserver {
  return {
    delivered: (identity, report, durationMs, timeToReadyMs) => {
      const labels = metricLabels(identity);
      metrics.increment("downloadsSuccess", labels);
      metrics.increment("verifications", { ...labels, result: "success" });
      metrics.increment("resumedBytes", {}, report.resumedBytes);
      metrics.observe("downloadDuration", {}, durationMs / 1000);
      metrics.observe("timeToReady", {}, timeToReadyMs / 1000);
      metrics.set("lastSuccess", labels, now() / 1000);
    },
    failed: (identity, error) => {
      const labels = metricLabels(identity);
      metrics.increment("downloadsFailed", labels);
      if (error.code === "checksum_mismatch") metrics.increment("checksumFailed", labels);
      if (error.code === "checksum_mismatch" || error.code === "incomplete_model") {
        metrics.increment("verifications", { ...labels, result: "failure" });
      }
    },
    checked: (identity, ready, durationMs) => {
      const labels = metricLabels(identity);
      metrics.increment("verifications", { ...labels, result: ready ? "success" : "failure" });
      metrics.observe("verificationDuration", {}, durationMs / 1000);
      if (ready) metrics.set("lastSuccess", labels, now() / 1000);
    },
    transferEvent: (identity, event) => {
      if (event.type === "restart") return;
      const [provider = "", region = ""] = event.source.split(":");
      switch (event.type) {
        case "bytes":
          metrics.increment("sourceBytes", { provider, region, kind: "origin" }, event.bytes);
          metrics.increment("downloadBytes", metricLabels(identity), event.bytes);
          return;
        case "request":
          metrics.increment("sourceRequests", { provider, code: String(event.status) });
          return;
        case "retry":
          metrics.increment("sourceRetries", { provider, code: event.code });
          return;
        case "stall":
          metrics.increment("stalls", { provider });
          return;
        case "hedge":
          metrics.increment("hedges", { provider });
          return;
        case "cool-down":
          metrics.increment("rateLimit", metricLabels(identity));
          metrics.observe("rateLimitWait", {}, event.delayMs / 1000);
          return;
        case "relocate":
          return;
      }
    },
  };
}

/** Keeps the gauges of every model equal to its status, and drops its series with it. */
export function metricsPublisher(metrics: Metrics): StatusPublisher {
  return {
    publish: ({ identity, state }) => metrics.set("modelReady", metricLabels(identity), state === "Ready" ? 1 : 0),
    withdraw: (_, identity) => metrics.removeModel(metricLabels(identity)),
    close: async () => {},
  };
}
