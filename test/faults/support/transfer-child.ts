/** A process that transfers files into a directory, to be killed, stopped or starved from outside. */
import { existsSync } from "node:fs";
import { toStorageError } from "../../../src/errors.ts";
import { directNetwork } from "../../../src/network/network-profile.ts";
import { transfer } from "../../../src/transfer/transfer.ts";
import type { TransferFile } from "../../../src/transfer/transfer-types.ts";
import type { ChildReport } from "./child-report.ts";
import { stagingTarget } from "./staging-target.ts";

/** What the process is told, as JSON in its first argument. */
export interface ChildTask {
  readonly directory: string;
  readonly maxConnections: number;
  readonly freeBytes?: number;
  readonly files: readonly {
    readonly path: string;
    readonly url: string;
    readonly size: number;
    readonly etag: string;
    /** crc32 of the whole, lower-case hexadecimal. */
    readonly crc32: string;
  }[];
}

function transferFile(file: ChildTask["files"][number]): TransferFile {
  return {
    path: file.path,
    size: file.size,
    digests: [{ kind: "full", algorithm: "crc32", value: file.crc32, confidence: "stated" }],
    priority: 0,
    sources: [
      {
        id: "http:test",
        provider: "http",
        scope: "test",
        target: file.url,
        pin: { size: file.size, etag: file.etag },
        locate: async () => ({
          kind: "http",
          url: file.url,
          headers: {},
          expiresAt: Number.POSITIVE_INFINITY,
          secretUrl: false,
          dropHeadersOnRedirect: true,
          ifMatch: file.etag,
          network: directNetwork,
        }),
      },
    ],
  };
}

async function run(task: ChildTask): Promise<ChildReport> {
  const target = await stagingTarget(task);
  const files = task.files.filter((file) => !existsSync(target.pathOf(file.path))).map(transferFile);
  const names = (): string[] => target.published.map((file) => file.path);
  try {
    const result = await transfer(files, { target, maxConnections: task.maxConnections });
    return { fetchedBytes: result.fetchedBytes, resumedBytes: result.resumedBytes, published: names() };
  } catch (error) {
    const { code, message } = toStorageError(error, "transfer");
    return { error: { code, message }, published: names() };
  }
}

const report = await run(JSON.parse(process.argv[2] ?? "") as ChildTask);
const maxRss = process.resourceUsage().maxRSS * 1024;
process.stdout.write(`${JSON.stringify({ ...report, maxRss })}\n`);
process.exitCode = report.error === undefined ? 0 : 1;
