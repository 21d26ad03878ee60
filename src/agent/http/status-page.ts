import { formatBytes, formatDuration, formatRate } from "../../telemetry/human-format.ts";
import type { AgentStatus } from "../status/agent-status.ts";
import type { ModelStatus } from "../status/model-status.ts";

/** Seconds after which the page loads itself again. */
const refreshSeconds = 3;

const style = `
:root { color-scheme: light dark; --line: #8884; --dim: #888; --ok: #1a7f37; --busy: #9a6700; --bad: #cf222e }
@media (prefers-color-scheme: dark) { :root { --ok: #3fb950; --busy: #d29922; --bad: #f85149 } }
* { box-sizing: border-box }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem }
h1 { font-size: 1.3rem; margin: 0 } h2 { font-size: 1rem; margin: 2rem 0 .5rem }
p { margin: .25rem 0 } .dim { color: var(--dim); font-size: .87em } code { font-size: .92em; overflow-wrap: anywhere }
article { border: 1px solid var(--line); border-left-width: 5px; border-radius: 6px; padding: .7rem 1rem; margin: .7rem 0 }
article.Ready { border-left-color: var(--ok) } article.Updating { border-left-color: var(--busy) }
article.Failed { border-left-color: var(--bad) }
header { display: flex; gap: .8rem; align-items: baseline; flex-wrap: wrap } header strong { font-size: 1.05rem }
.state { font-weight: 600 } .Ready .state { color: var(--ok) } .Updating .state { color: var(--busy) }
.Failed .state { color: var(--bad) } header .dim { margin-left: auto }
progress { width: 100%; height: .8rem; accent-color: var(--busy); margin: .4rem 0 .1rem }
ul { margin: .3rem 0; padding-left: 1.2rem }`;

/** The status as one self-contained page: no script, nothing loaded from elsewhere. */
export function statusPage(status: AgentStatus, now: number): string {
  const count = (state: ModelStatus["state"]): number => status.models.filter((model) => model.state === state).length;
  const summary = `${count("Ready")} ready, ${count("Updating")} updating, ${count("Failed")} failed`;
  const uptime = formatDuration((now - Date.parse(status.agent.startedAt)) / 1000);
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="${refreshSeconds}"><title>model-agent: ${escapeHtml(summary)}</title><style>${style}</style></head>
<body><h1>${escapeHtml(status.agent.host)}: ${escapeHtml(summary)}</h1>
<p class="dim">model-agent ${escapeHtml(status.agent.version)}, process ${status.agent.pid}, up ${escapeHtml(uptime)}, models root
<code>${escapeHtml(status.agent.modelsRoot)}</code></p>
${status.models.map((model) => article(model, now)).join("\n")}
${status.models.length === 0 ? "<p>No model is wished for.</p>" : ""}
${list(
  "Problems in manifests",
  status.problems.map(({ file, line, message }) => `${file}${line === undefined ? "" : `:${line}`}: ${message}`),
)}
${list(
  "Left alone",
  status.skipped.map(({ key, reason, origin }) => `${key} (${origin}): ${reason}`),
)}
</body></html>
`;
}

function article(model: ModelStatus, now: number): string {
  const { identity, progress, report, error } = model;
  const name = identity.namespace === "" ? identity.name : `${identity.namespace}/${identity.name}`;
  const reason = model.reason === model.state ? "" : ` · ${model.reason}`;
  const since = formatDuration((now - model.since) / 1000);
  const parts = [
    `<header><strong>${escapeHtml(name)}</strong><span class="state">${model.state}${escapeHtml(reason)}</span>` +
      `<span class="dim">for ${escapeHtml(since)}</span></header>`,
  ];
  if (progress !== undefined && progress.totalBytes > 0) {
    const left =
      progress.bytesPerSecond > 0
        ? `, ${formatDuration((progress.totalBytes - progress.completedBytes) / progress.bytesPerSecond)} left`
        : "";
    parts.push(
      `<progress max="${progress.totalBytes}" value="${progress.completedBytes}"></progress>`,
      `<p>${formatBytes(progress.completedBytes)} of ${formatBytes(progress.totalBytes)}, ` +
        `${progress.completedFiles} of ${progress.totalFiles} files, ${formatRate(progress.bytesPerSecond)}${left}</p>`,
    );
  } else parts.push(`<p>${escapeHtml(model.message)}</p>`);
  if (report !== undefined && report.files > 0) {
    parts.push(`<p>${formatBytes(report.bytes)} in ${report.files} files</p>`);
  }
  if (error !== undefined) {
    const next = formatDuration(Math.max(error.retryAt - now, 0) / 1000);
    parts.push(
      `<p>Failed ${error.failures === 1 ? "once" : `${error.failures} times in a row`}; next attempt in ${escapeHtml(next)}.</p>`,
    );
  }
  const place = model.path === "" ? "" : ` → <code>${escapeHtml(model.path)}</code>`;
  parts.push(`<p class="dim"><code>${escapeHtml(model.storageUri)}</code>${place} · ${escapeHtml(model.origin)}</p>`);
  return `<article class="${model.state}">${parts.join("\n")}</article>`;
}

function list(title: string, entries: readonly string[]): string {
  if (entries.length === 0) return "";
  return `<h2>${title}</h2><ul>${entries.map((entry) => `<li>${escapeHtml(entry)}</li>`).join("")}</ul>`;
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? "");
}
