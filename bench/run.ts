/** Side-by-side benchmark of whole processes; see README.md beside this file for what it measures and how to repeat it. */
import { createHash } from "node:crypto";
import {
  closeSync,
  createReadStream,
  existsSync,
  mkdirSync,
  openSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { parseArgs } from "node:util";
import { type Contender, contenders } from "./contenders.ts";
import { measure, median, type Run } from "./measure.ts";
import { startNginx } from "./nginx.ts";
import { expectedDigests, seed, totalBytes, type Workload, workloads } from "./workload.ts";

const { values: flags } = parseArgs({
  options: {
    runs: { type: "string", default: "5" },
    only: { type: "string", multiple: true },
    workload: { type: "string", multiple: true },
    protocol: { type: "string", multiple: true },
    data: { type: "string", default: join(tmpdir(), "model-agent-bench") },
    destination: { type: "string" },
    json: { type: "string" },
  },
});

const runs = Number(flags.runs);
const scratch = join(flags.data, "scratch");
const destinations = flags.destination ?? join(flags.data, "destinations");
const dataRoot = join(flags.data, "data");
rmSync(scratch, { recursive: true, force: true });
rmSync(destinations, { recursive: true, force: true });
mkdirSync(scratch, { recursive: true });
const chosenWorkloads = workloads.filter((workload) => flags.workload?.includes(workload.name) ?? true);
for (const workload of chosenWorkloads) seed(dataRoot, workload);

const installed: { contender: Contender; version: string }[] = [];
for (const contender of contenders) {
  if (flags.only !== undefined && !flags.only.includes(contender.name)) continue;
  const version = contender.version();
  if (version === undefined) console.log(`${contender.name}: not installed, left out`);
  else installed.push({ contender, version });
}

/** A contender that delivered other bytes has no figures: every file of every run is compared. */
async function delivered(workload: Workload, destination: string): Promise<boolean> {
  for (const [name, expected] of expectedDigests(dataRoot, workload)) {
    const path = join(destination, name);
    if (!existsSync(path)) return false;
    const hash = createHash("sha256");
    await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
    if (hash.digest("hex") !== expected) return false;
  }
  return true;
}

/**
 * In a virtual machine the first write to a page of memory that the host has taken back costs several times what the write itself
 * does, and would be charged to whichever contender comes first: as many pages as the contender will write are fetched before it.
 */
function warmMemory(path: string, bytes: number): void {
  const block = Buffer.alloc(1 << 20, 1);
  const descriptor = openSync(path, "w");
  for (let written = 0; written < bytes * 1.1; written += block.length) writeSync(descriptor, block);
  closeSync(descriptor);
  rmSync(path);
}

const server = await startNginx(scratch, dataRoot, chosenWorkloads);
const table: Record<string, unknown>[] = [];
try {
  for (const workload of chosenWorkloads) {
    for (const protocol of ["http", "https"] as const) {
      if (flags.protocol !== undefined && !flags.protocol.includes(protocol)) continue;
      const origin = protocol === "http" ? server.plain : server.tls;
      const results = new Map<string, Run[]>();
      const broken = new Map<string, string>();
      for (let round = 0; round <= runs; round += 1) {
        for (const { contender } of installed) {
          if (broken.has(contender.name)) continue;
          const destination = join(destinations, `${workload.name}-${protocol}-${contender.name}-${round}`);
          mkdirSync(destination, { recursive: true });
          warmMemory(join(destinations, "warm"), totalBytes(workload));
          const job = { workload, origin, caFile: server.caFile, destination, scratch };
          const run = await measure(contender.command(job), {
            env: { ...process.env, ...contender.env?.(job) },
            reportFile: join(scratch, "time.txt"),
            timeoutMs: 300_000,
          });
          const whole = run.exitCode === 0 && (round > 0 || (await delivered(workload, destination)));
          if (!whole) broken.set(contender.name, `exit ${run.exitCode}: ${run.output.trim().slice(-200)}`);
          // Round 0 warms caches and checks content; it is not counted.
          else if (round > 0) results.set(contender.name, [...(results.get(contender.name) ?? []), run]);
          // ext4 steps over each inode that was freed in the last minutes, so that creating thousands of files soon after removing as
          // many costs ten times as much: what consists of many files stays until the end.
          if (workload.files.length < 100) rmSync(destination, { recursive: true, force: true });
        }
      }
      const gigabytes = totalBytes(workload) / 1e9;
      const baseline = results.get("curl");
      console.log(`\n${workload.name} over ${protocol}, medians of ${runs} interleaved runs`);
      for (const { contender } of installed) {
        const reason = broken.get(contender.name);
        const mine = results.get(contender.name);
        if (reason !== undefined || mine === undefined) {
          console.log(`  ${contender.name.padEnd(12)} n/a (${reason ?? "no run"})`);
          table.push({ workload: workload.name, protocol, contender: contender.name, failed: reason ?? "no run" });
          continue;
        }
        const wall = median(mine.map((run) => run.wallSeconds));
        const cpu = median(mine.map((run) => run.cpuSeconds));
        const ratio = (field: "wallSeconds" | "cpuSeconds"): number | undefined =>
          baseline === undefined
            ? undefined
            : median(mine.map((run, i) => run[field] / (baseline[i]?.[field] ?? Number.NaN)));
        const row = {
          workload: workload.name,
          protocol,
          contender: contender.name,
          wallSeconds: wall,
          cpuSecondsPerGB: cpu / gigabytes,
          filesPerSecond: workload.files.length / wall,
          peakMebibytes: Math.max(...mine.map((run) => run.peakMebibytes)),
          wallToCurl: ratio("wallSeconds"),
          cpuToCurl: ratio("cpuSeconds"),
          wallRange: [Math.min(...mine.map((run) => run.wallSeconds)), Math.max(...mine.map((run) => run.wallSeconds))],
        };
        table.push(row);
        console.log(
          `  ${contender.name.padEnd(12)} wall ${wall.toFixed(2)} s (${row.wallRange.map((v) => v.toFixed(2)).join("-")}), cpu ${row.cpuSecondsPerGB.toFixed(2)} s/GB, ` +
            `${row.filesPerSecond.toFixed(1)} files/s, peak ${row.peakMebibytes.toFixed(0)} MiB, to curl: wall ${row.wallToCurl?.toFixed(2)} cpu ${row.cpuToCurl?.toFixed(2)}`,
        );
      }
    }
  }
} finally {
  await server.close();
  rmSync(destinations, { recursive: true, force: true });
}

if (flags.json !== undefined) {
  const report = {
    date: new Date().toISOString(),
    machine: `${cpus().length} x ${cpus()[0]?.model ?? "unknown"}`,
    versions: Object.fromEntries(installed.map(({ contender, version }) => [contender.name, version])),
    verifies: Object.fromEntries(installed.map(({ contender }) => [contender.name, contender.verifies])),
    runs,
    table,
  };
  writeFileSync(flags.json, `${JSON.stringify(report, null, 2)}\n`);
}
