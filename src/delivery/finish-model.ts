import { dirname, join } from "node:path";
import { syncDirectories } from "../store/destination-tree.ts";
import { diskError } from "../store/disk-error.ts";
import type { FileRecord } from "../store/file-record.ts";
import type { FileSystem } from "../store/file-system.ts";
import { layoutOf } from "../store/layout.ts";
import type { Lease } from "../store/lease.ts";
import { type Proof, type ProofTotals, writeProof } from "../store/proof.ts";
import { removePublicationList } from "../store/publication-list.ts";
import { removeStaging } from "../store/staging.ts";
import type { ModelPlan } from "./plan-model.ts";

export interface FinishOptions {
  readonly destination: string;
  readonly plan: ModelPlan;
  readonly records: ReadonlyMap<string, FileRecord>;
  readonly lease: Lease;
  /** Epoch milliseconds. */
  readonly now: number;
  readonly fileSystem: FileSystem;
}

/** Proves a model whose files are all in place and checked, and clears away what only its delivery needed. */
export async function finishModel(options: FinishOptions): Promise<Proof> {
  const { destination, plan, lease, fileSystem } = options;
  // An earlier run may have been killed between a rename and its directory's sync.
  await syncDirectories(fileSystem, directoriesOf(destination, plan));
  const proof = proofOf(options);
  await lease.assertHeld();
  await writeProof(destination, proof, fileSystem);
  await removePublicationList(destination, fileSystem);
  await removeStaging(destination, fileSystem);
  const { removal } = layoutOf(destination);
  await fileSystem.rm(removal, { force: true }).catch((error: unknown) => {
    throw diskError(error, "remove", removal);
  });
  return proof;
}

function proofOf({ plan, records, now }: FinishOptions): Proof {
  const { uri, rules, provider, revision } = plan;
  const files = plan.files.flatMap(({ path }) => records.get(path) ?? []);
  return {
    request: { uri, include: rules.include, exclude: rules.exclude, weights: rules.weights },
    provider,
    ...(revision === undefined ? {} : { revision }),
    provenAt: new Date(now).toISOString(),
    totals: totalsOf(files),
    files: files.sort((a, b) => (a.path < b.path ? -1 : 1)),
  };
}

function totalsOf(files: readonly FileRecord[]): ProofTotals {
  const verifiedBySource = files.filter(({ verification }) => verification.by === "source").length;
  return {
    files: files.length,
    bytes: files.reduce((sum, { size }) => sum + size, 0),
    verifiedBySource,
    verifiedBySize: files.length - verifiedBySource,
  };
}

function directoriesOf(destination: string, { files }: ModelPlan): ReadonlySet<string> {
  const directories = new Set([destination]);
  for (const { path } of files) {
    for (let below = dirname(path); below !== "."; below = dirname(below)) {
      const directory = join(destination, below);
      if (directories.has(directory)) break;
      directories.add(directory);
    }
  }
  return directories;
}
