import { createHash } from "node:crypto";
import { z } from "zod";
import { syncDirectories } from "./destination-tree.ts";
import { diskError } from "./disk-error.ts";
import { type FileRecord, fileRecordSchema } from "./file-record.ts";
import { type FileSystem, isMissing, nodeFileSystem } from "./file-system.ts";
import { layoutOf } from "./layout.ts";
import { writeDurably } from "./write-durably.ts";

/** What was asked for: equal requests and an unchanged source need no new delivery. */
export interface ProvenRequest {
  /** Redacted URI of the source. */
  readonly uri: string;
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly weights: string;
}

/** Proof of a finished model: which bytes are where, and how that is known. */
export interface Proof {
  readonly request: ProvenRequest;
  readonly provider: string;
  /** Commit, tag or other name of the whole model's version, where the source has one. */
  readonly revision?: string | undefined;
  /** ISO 8601, UTC. */
  readonly provenAt: string;
  readonly totals: ProofTotals;
  /** Sorted by path. */
  readonly files: readonly FileRecord[];
}

export interface ProofTotals {
  readonly files: number;
  readonly bytes: number;
  /** Files proven by a digest that the source offered. */
  readonly verifiedBySource: number;
  /** Files of which the source offered no digest: size and structure were checked, and their own CRCs recorded. */
  readonly verifiedBySize: number;
}

const proofSchema = z.object({
  request: z.object({
    uri: z.string(),
    include: z.array(z.string()),
    exclude: z.array(z.string()),
    weights: z.string(),
  }),
  provider: z.string(),
  revision: z.string().optional(),
  provenAt: z.iso.datetime(),
  totals: z.object({
    files: z.int().positive(),
    bytes: z.int().nonnegative(),
    verifiedBySource: z.int().nonnegative(),
    verifiedBySize: z.int().nonnegative(),
  }),
  files: z.array(fileRecordSchema),
});

const envelopeSchema = z.object({
  format: z.literal("model-agent-proof"),
  version: z.literal(1),
  sha256: z.string(),
  proof: z.unknown(),
});

/** The document: compact JSON with the SHA-256 of the compact JSON of its `proof` member. */
export function formatProof(proof: Proof): string {
  const body = JSON.stringify(proof);
  return `{"format":"model-agent-proof","version":1,"sha256":"${sha256(body)}","proof":${body}}\n`;
}

/** Undefined for a document that is damaged, foreign or of a later version: that is no proof. */
export function parseProof(text: string): Proof | undefined {
  try {
    const envelope = envelopeSchema.parse(JSON.parse(text));
    if (sha256(JSON.stringify(envelope.proof)) !== envelope.sha256) return undefined;
    const proof = proofSchema.parse(envelope.proof);
    return proof.totals.files === proof.files.length ? proof : undefined;
  } catch {
    return undefined;
  }
}

/** Reads the proof of a destination. Undefined when there is none that holds. */
export async function readProof(
  destination: string,
  fileSystem: FileSystem = nodeFileSystem,
): Promise<Proof | undefined> {
  const { proof: path } = layoutOf(destination);
  try {
    return parseProof(await fileSystem.readFile(path, "utf8"));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw diskError(error, "read", path);
  }
}

/** Puts the proof in place, durably: from then on the model is ready. */
export async function writeProof(
  destination: string,
  proof: Proof,
  fileSystem: FileSystem = nodeFileSystem,
): Promise<void> {
  await writeDurably(fileSystem, layoutOf(destination).proof, formatProof(proof));
}

/** Takes the proof away, durably, before anything that it proves is changed. */
export async function withdrawProof(destination: string, fileSystem: FileSystem = nodeFileSystem): Promise<void> {
  const { proof, metadata } = layoutOf(destination);
  try {
    await fileSystem.rm(proof, { force: true });
  } catch (error) {
    throw diskError(error, "remove", proof);
  }
  await syncDirectories(fileSystem, [metadata]);
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
