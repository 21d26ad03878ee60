/** One metric as it is registered, documented and checked. */
export interface MetricDefinition {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds of a histogram's buckets, in its own unit, ascending. */
  readonly buckets?: readonly number[] | undefined;
}

/** The labels that name a model; a model's series go away with the model. */
const model = ["model_type", "namespace", "name"] as const;

/** 0.1 s to 51.2 s: what existing dashboards expect under these names. Long downloads need `time_to_ready` instead. */
const shortSeconds = [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2] as const;

/**
 * Every metric of the agent. The first group keeps the names and labels that dashboards of OME's agent already use; the second
 * is ours. Base units, one prefix, no label whose values grow with files or URLs.
 */
export const metricsTable = {
  downloadsSuccess: {
    name: "model_agent_downloads_success_total",
    type: "counter",
    help: "Models that became Ready after a download.",
    labels: model,
  },
  downloadsFailed: {
    name: "model_agent_downloads_failed_total",
    type: "counter",
    help: "Attempts to deliver a model that failed; cancelled ones are not counted.",
    labels: model,
  },
  verifications: {
    name: "model_agent_verifications_total",
    type: "counter",
    help: "Verifications of a model: at the end of a download, against its proof at start, and by the scrub.",
    labels: [...model, "result"],
  },
  checksumFailed: {
    name: "model_agent_md5_checksum_failed_total",
    type: "counter",
    help: "Attempts that failed because content did not match its digest, whatever the algorithm.",
    labels: model,
  },
  rateLimit: {
    name: "model_agent_rate_limit_total",
    type: "counter",
    help: "Times that a source asked this model's download to slow down.",
    labels: model,
  },
  downloadBytes: {
    name: "model_agent_download_bytes_total",
    type: "counter",
    help: "Bytes received for this model, refetched ones included.",
    labels: model,
  },
  downloadDuration: {
    name: "model_agent_download_duration_seconds",
    type: "histogram",
    help: "Time of one successful delivery, from its first request to its proof.",
    labels: [],
    buckets: shortSeconds,
  },
  verificationDuration: {
    name: "model_agent_verification_duration_seconds",
    type: "histogram",
    help: "Time to check one model on disk against its proof.",
    labels: [],
    buckets: shortSeconds,
  },
  rateLimitWait: {
    name: "model_agent_rate_limit_wait_seconds",
    type: "histogram",
    help: "Time that a source asked to wait.",
    labels: [],
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512],
  },
  sourceBytes: {
    name: "model_agent_source_bytes_total",
    type: "counter",
    help: "Bytes received, by where they came from.",
    labels: ["provider", "region", "kind"],
  },
  sourceRequests: {
    name: "model_agent_source_requests_total",
    type: "counter",
    help: "Answers to reads of object content, by HTTP status; 0 when the connection failed.",
    labels: ["provider", "code"],
  },
  sourceRetries: {
    name: "model_agent_source_retries_total",
    type: "counter",
    help: "Reads of object content that were tried again, by the error's code.",
    labels: ["provider", "code"],
  },
  stalls: {
    name: "model_agent_stalls_total",
    type: "counter",
    help: "Connections that were replaced because no byte arrived.",
    labels: ["provider"],
  },
  hedges: {
    name: "model_agent_hedges_total",
    type: "counter",
    help: "Slow reads that were raced by a second one.",
    labels: ["provider"],
  },
  resumedBytes: {
    name: "model_agent_resumed_bytes_total",
    type: "counter",
    help: "Bytes taken over from an interrupted download instead of being fetched again.",
    labels: [],
  },
  timeToReady: {
    name: "model_agent_time_to_ready_seconds",
    type: "histogram",
    help: "Time from the wish for a model to its being Ready, downloads only.",
    labels: [],
    buckets: [10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400],
  },
  modelReady: {
    name: "model_agent_model_ready",
    type: "gauge",
    help: "1 while the model is Ready on this machine, else 0.",
    labels: model,
  },
  lastSuccess: {
    name: "model_agent_last_success_timestamp_seconds",
    type: "gauge",
    help: "Unix time at which the model was last delivered or verified.",
    labels: model,
  },
  activeWorkers: {
    name: "model_agent_active_workers",
    type: "gauge",
    help: "Downloads that run now.",
    labels: [],
  },
  queueDepth: {
    name: "model_agent_task_queue_depth",
    type: "gauge",
    help: "Models that wait for a free worker.",
    labels: [],
  },
  diskFree: {
    name: "model_agent_disk_free_bytes",
    type: "gauge",
    help: "Bytes that can still be written to the file system of the models root.",
    labels: [],
  },
  diskUsed: {
    name: "model_agent_disk_used_bytes",
    type: "gauge",
    help: "Bytes in use on the file system of the models root, by whomever.",
    labels: [],
  },
  scrubBytes: {
    name: "model_agent_scrub_bytes_total",
    type: "counter",
    help: "Bytes read back from disk and compared with a proof by the scrub.",
    labels: [],
  },
  scrubErrors: {
    name: "model_agent_scrub_errors_total",
    type: "counter",
    help: "Models that the scrub found damaged or incomplete.",
    labels: [],
  },
  manifestProblems: {
    name: "model_agent_manifest_problems",
    type: "gauge",
    help: "Problems in manifests that are not resolved yet.",
    labels: [],
  },
  apiRequests: {
    name: "model_agent_kubernetes_requests_total",
    type: "counter",
    help: "Answers of the Kubernetes API server; a watch counts once.",
    labels: ["method", "code"],
  },
  watchLists: {
    name: "model_agent_kubernetes_lists_total",
    type: "counter",
    help: "Complete lists of models or of the node that were read from the Kubernetes API server.",
    labels: [],
  },
  watchFailures: {
    name: "model_agent_kubernetes_watch_failures_total",
    type: "counter",
    help: "Lists and watches of the Kubernetes API server that failed and were tried again, by the error's code.",
    labels: ["code"],
  },
  configMapOperations: {
    name: "model_agent_configmap_operations_total",
    type: "counter",
    help: "Writes of the node's ConfigMap.",
    labels: ["operation", "result"],
  },
  buildInfo: {
    name: "model_agent_build_info",
    type: "gauge",
    help: "Always 1; the labels tell what runs.",
    labels: ["version", "node_version"],
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

export type MetricsTable = typeof metricsTable;
