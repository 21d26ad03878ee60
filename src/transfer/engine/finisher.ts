import type { Digest, DigestAlgorithm } from "../../storage/digest.ts";
import { chooseDigestPlan, type DigestPlan } from "../digest/digest-plan.ts";
import type { ByteRange } from "../plan/range-set.ts";
import type { TransferredFile } from "../transfer-types.ts";
import type { FileTask } from "./file-task.ts";
import { OtherProofs } from "./other-proofs.ts";
import { PartSizeExperience } from "./part-size-experience.ts";
import type { SyncLedger } from "./sync-ledger.ts";
import type { TransferContext } from "./transfer-context.ts";
import { damagedParts, type Verdict, verifyFile } from "./verify-file.ts";

/** A part that is damaged this often is damaged at its source. */
const maxPartMismatches = 3;

/** What finishing needs of the engine. */
export interface FinisherPorts {
  /** Nothing writes to the staged file any more: closes it. */
  close(file: FileTask): Promise<void>;
  /** The file lies under its final name. */
  published(file: FileTask, result: TransferredFile): void;
  /** Reads these ranges again, from another connection or source. */
  reread(file: FileTask, ranges: readonly ByteRange[]): Promise<void>;
  /** Looks at the whole staged file again, for what these digests need. */
  lookAgain(file: FileTask, digests: readonly Digest[]): void;
  /** Reads the whole file again, proven by these digests. */
  restart(file: FileTask, reason: string, digests: readonly Digest[]): Promise<void>;
  /** The source's bytes are not what it says: reads the file from another one, or ends the transfer. */
  damaged(file: FileTask, detail: string): Promise<void>;
}

/** Proves whole files and publishes them; finds out what to read again when one does not match. */
export class Finisher {
  readonly #context: TransferContext;
  readonly #ports: FinisherPorts;
  readonly #syncs: SyncLedger;
  /** Files that are whole and not yet published. */
  waiting = 0;
  readonly #running = new Set<Promise<void>>();
  readonly #partSizes = new PartSizeExperience();

  constructor(context: TransferContext, syncs: SyncLedger, ports: FinisherPorts) {
    this.#context = context;
    this.#syncs = syncs;
    this.#ports = ports;
  }

  /** Resolves when no publishing is under way any more. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  /** Proves a file all of whose bytes are in, and publishes it or has it read again. Never rejects. */
  async finish(file: FileTask): Promise<void> {
    const running = this.#finish(file);
    this.#running.add(running);
    await running;
    this.#running.delete(running);
  }

  async #finish(file: FileTask): Promise<void> {
    this.waiting += 1;
    try {
      const verdict = verifyFile(file.plan, file.ledger, file.spanDigests());
      if (verdict.ok) {
        this.#learn(file);
        await this.#publish(file, verdict);
      } else await this.#mismatch(file, verdict);
    } catch (error) {
      this.#context.fail(error);
    } finally {
      this.waiting -= 1;
    }
  }

  async #publish(file: FileTask, { verification }: Extract<Verdict, { ok: true }>): Promise<void> {
    const { ledger } = file;
    if (file.firstPass !== undefined) this.#reportDamage(file, file.firstPass);
    const result: TransferredFile = {
      path: file.file.path,
      size: file.file.size,
      verification,
      units: { algorithm: ledger.algorithm, unitSize: ledger.unitSize, values: ledger.values() },
      checksum: ledger.whole(),
      digests: serialDigests(file),
      resumedBytes: file.resumedBytes,
      fetchedBytes: file.fetchedBytes,
      sources: [...file.sourcesUsed],
    };
    const madeByLane = file.fd === undefined && file.file.size > 0;
    await this.#ports.close(file);
    const { target } = this.#context.options;
    const synced = madeByLane && target.fileMode !== undefined ? await this.#syncs.synced(file.stagedPath) : undefined;
    await target.publish(file.stagedPath, synced === undefined ? result : { ...result, synced });
    this.#ports.published(file, result);
  }

  #reportDamage(file: FileTask, first: readonly string[]): void {
    const units = file.ledger.values().flatMap((value, index) => (value === first[index] ? [] : [index]));
    this.#context.logger.warn({ path: file.file.path, units }, "units that had arrived damaged were replaced");
  }

  async #mismatch(file: FileTask, verdict: Extract<Verdict, { ok: false }>): Promise<void> {
    const damaged = damagedParts(file.plan, file.ledger, file.spanDigests());
    if (damaged.length > 0) {
      await this.#rereadParts(file, damaged, verdict);
      return;
    }
    if (await this.#confirmed(file)) return;
    if (this.#lookAgain(file)) return;
    const { check } = file.plan;
    const same = file.firstPass?.every((value, index) => value === file.ledger.unit(index)) ?? false;
    if (same && check.by === "composite" && check.assumed) {
      this.#context.logger.warn(
        { path: file.file.path },
        "the source's part size is not known: not verified by source",
      );
      await this.#publish(file, { ok: true, verification: { by: "size" } });
      return;
    }
    const detail = `its ${verdict.algorithm} is ${verdict.actual}, the source says ${verdict.expected}`;
    if (file.firstPass !== undefined || file.file.size === 0) {
      await this.#ports.damaged(file, detail);
      return;
    }
    const { units = file.ledger.values(), decisive = [] } = file.otherProofs ?? {};
    file.firstPass = units;
    if (file.small) await this.#ports.close(file);
    await this.#ports.restart(file, detail, decisive.length > 0 ? decisive : file.file.digests);
  }

  /** A part size that turned out right is tried first on the files that follow. */
  #learn({ otherProofs, plan: { check } }: FileTask): void {
    const first = check.by === "composite" ? check.parts[0] : undefined;
    if (otherProofs !== undefined && first !== undefined) this.#partSizes.matched(first.end);
  }

  /** Holds the bytes on disk against what else there is, when the part size had been assumed. False when nothing is left. */
  #lookAgain(file: FileTask): boolean {
    const { check } = file.plan;
    if (file.firstPass !== undefined || file.file.size === 0) return false;
    if (file.otherProofs === undefined) {
      if (check.by !== "composite" || !check.assumed) return false;
      const { digests, size } = file.file;
      file.otherProofs = new OtherProofs(digests, check.digest, size, file.ledger.values(), this.#partSizes);
    }
    const digests = file.otherProofs.next();
    if (digests === undefined) {
      this.#partSizes.failed();
      return false;
    }
    const { path } = file.file;
    this.#context.logger.debug({ path }, "the assumed part size does not match: the staged file is looked at again");
    this.#ports.lookAgain(file, digests);
    return true;
  }

  async #rereadParts(
    file: FileTask,
    damaged: readonly ByteRange[],
    verdict: Extract<Verdict, { ok: false }>,
  ): Promise<void> {
    for (const { start, end } of damaged) {
      const count = (file.mismatches.get(start) ?? 0) + 1;
      file.mismatches.set(start, count);
      if (count < maxPartMismatches) continue;
      await this.#ports.damaged(
        file,
        `bytes ${start} to ${end} do not have the ${verdict.algorithm} that the source says`,
      );
      return;
    }
    await this.#ports.reread(file, damaged);
  }

  /** Asks the source about inferred digests, once. True when that settled the matter. */
  async #confirmed(file: FileTask): Promise<boolean> {
    const { check } = file.plan;
    const { confirmDigests } = this.#context.options;
    if (confirmDigests === undefined || file.confirmed) return false;
    if (check.by === "size" || check.by === "ranges") return false;
    if (check.digest.confidence !== "inferred") return false;
    file.confirmed = true;
    const digests = await confirmDigests(file.file);
    const plan = chooseDigestPlan(digests, file.file.size);
    if (!computedAlready(plan, file.plan)) {
      if (file.file.size > 0) this.#ports.lookAgain(file, digests);
      else await this.#ports.restart(file, "the source tells other digests now", digests);
      return true;
    }
    const verdict = verifyFile(plan, file.ledger, file.spanDigests());
    if (!verdict.ok) return false;
    await this.#publish(file, verdict);
    return true;
  }
}

/** Whether what the one plan needs was computed under the other. */
function computedAlready(plan: DigestPlan, done: DigestPlan): boolean {
  if (plan.check.by === "size") return true;
  const sameSpans =
    plan.spans.length === done.spans.length &&
    plan.spans.every((span, index) => {
      const other = done.spans[index];
      return span.start === other?.start && span.end === other.end && span.algorithm === other.algorithm;
    });
  return sameSpans && plan.unitAlgorithm === done.unitAlgorithm && plan.cuts.join() === done.cuts.join();
}

function serialDigests(file: FileTask): Partial<Record<DigestAlgorithm, string>> {
  const [span] = file.plan.spans;
  const value = file.spanDigests()[0];
  if (file.plan.check.by !== "serial" || span === undefined || value === undefined || value === "") return {};
  return { [span.algorithm]: value };
}
