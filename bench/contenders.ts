import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Workload } from "./workload.ts";

export interface Job {
  readonly workload: Workload;
  /** `http://127.0.0.1:port` or `https://…`. */
  readonly origin: string;
  readonly caFile: string;
  /** Empty directory for the files. */
  readonly destination: string;
  /** For lists and configuration; not measured. */
  readonly scratch: string;
}

export interface Contender {
  readonly name: string;
  /** What it proves of what it received, in a word for the table. */
  readonly verifies: string;
  /** First line of its version, or undefined where it is not installed. */
  version(): string | undefined;
  command(job: Job): readonly string[];
  env?(job: Job): NodeJS.ProcessEnv;
}

const repository = new URL("..", import.meta.url).pathname;

function firstLine(command: string, ...args: string[]): string | undefined {
  try {
    return execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] })
      .split("\n")[0]
      ?.trim();
  } catch {
    return undefined;
  }
}

function urls(job: Job): readonly string[] {
  return job.workload.files.map((file) => `${job.origin}/${job.workload.name}/${file.name}`);
}

function modelAgent(name: string, algorithm: string, verifies: string): Contender {
  const executable = process.env["MODEL_AGENT_BIN"] ?? join(repository, "bin/model-agent");
  return {
    name,
    verifies,
    version: () => firstLine(executable, "--version"),
    command: (job) => [
      executable,
      "pull",
      `${job.origin}/${job.workload.name}/`,
      job.destination,
      "--quiet",
      "--parameter",
      `index=index-${algorithm}.json`,
      ...(job.origin.startsWith("https:") ? ["--parameter", `caBundle=${job.caFile}`] : []),
    ],
  };
}

export const contenders: readonly Contender[] = [
  modelAgent("model-agent", "crc32c", "CRC32C of every file, fsync"),
  modelAgent("model-agent-sha256", "sha256", "sha256 of every file, fsync"),
  {
    name: "curl",
    verifies: "nothing",
    version: () => firstLine("curl", "--version"),
    command: (job) => {
      const list = join(job.scratch, "curl.conf");
      writeFileSync(
        list,
        urls(job)
          .map((url) => `url = "${url}"\nremote-name\n`)
          .join(""),
      );
      const parallel = job.workload.files.length > 1 ? ["--parallel", "--parallel-max", "8"] : [];
      return [
        "curl",
        "-sS",
        "--fail",
        "--cacert",
        job.caFile,
        "--output-dir",
        job.destination,
        ...parallel,
        "-K",
        list,
      ];
    },
  },
  {
    name: "aria2",
    verifies: "nothing",
    version: () => firstLine("aria2c", "--version"),
    command: (job) => {
      const list = join(job.scratch, "aria2.txt");
      writeFileSync(list, `${urls(job).join("\n")}\n`);
      return [
        "aria2c",
        "-q",
        "--no-conf",
        `--ca-certificate=${job.caFile}`,
        "--file-allocation=none",
        "-x8",
        "-s8",
        "-k16M",
        "-j8",
        "-d",
        job.destination,
        "-i",
        list,
      ];
    },
  },
  {
    name: "rclone",
    verifies: "size",
    version: () => firstLine("rclone", "--version"),
    command: (job) => [
      "rclone",
      "copy",
      "--config",
      "/dev/null",
      "--ca-cert",
      job.caFile,
      "--transfers",
      "8",
      "--checkers",
      "8",
      "--exclude",
      "index-*.json",
      "--http-url",
      `${job.origin}/${job.workload.name}/`,
      ":http:",
      job.destination,
    ],
  },
  {
    name: "awscli",
    verifies: "nothing",
    version: () => firstLine("aws", "--version"),
    command: (job) => [
      "aws",
      "s3",
      "cp",
      "--recursive",
      "--only-show-errors",
      "--no-sign-request",
      "--region",
      "us-east-1",
      "--endpoint-url",
      job.origin,
      `s3://${job.workload.name}/`,
      job.destination,
    ],
    env: (job) => ({ AWS_CA_BUNDLE: job.caFile }),
  },
];
