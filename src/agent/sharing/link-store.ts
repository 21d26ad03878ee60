import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { diskError } from "../../store/disk-error.ts";
import { isMissing, nodeFileSystem } from "../../store/file-system.ts";
import { layoutOf } from "../../store/layout.ts";
import { writeDurably } from "../../store/write-durably.ts";

const linkSchema = z.object({
  format: z.literal("model-agent-link"),
  version: z.literal(1),
  /** Directory of the model that has no files of its own: a symbolic link. */
  path: z.string(),
  /** Directory of the model whose files it shares. */
  target: z.string(),
  /** What was asked for, as a proof has it. */
  request: z.object({
    uri: z.string(),
    include: z.array(z.string()),
    exclude: z.array(z.string()),
    weights: z.string(),
  }),
  /** Which bytes the target held when they were shared. */
  content: z.string(),
});

const keptSchema = z.object({
  format: z.literal("model-agent-kept"),
  version: z.literal(1),
  /** Directory of a model that was removed while others shared its files: it goes with the last of them. */
  path: z.string(),
});

const recordSchema = z.discriminatedUnion("format", [linkSchema, keptSchema]);

/** One model that shares the files of another. */
export type ContentLink = Omit<z.infer<typeof linkSchema>, "format" | "version">;

/** What the agent remembers of shared files, in one small file each below the models root, because links hold no proof. */
export class LinkStore {
  readonly #directory: string;
  readonly #links = new Map<string, ContentLink>();
  readonly #kept = new Set<string>();

  constructor(modelsRoot: string) {
    this.#directory = join(layoutOf(modelsRoot).metadata, "links");
  }

  /** Reads what is there. A record that cannot be read is none: its model is looked at anew. */
  async load(): Promise<void> {
    const names = await readdir(this.#directory).catch((error: unknown) => {
      if (isMissing(error)) return [];
      throw diskError(error, "read", this.#directory);
    });
    for (const name of names) {
      if (!name.endsWith(".json")) continue;
      const text = await readFile(join(this.#directory, name), "utf8").catch(() => "");
      const record = parse(text);
      if (record === undefined) continue;
      const { format, version: _, ...fields } = record;
      if (format === "model-agent-kept") this.#kept.add(fields.path);
      else this.#links.set(fields.path, fields as ContentLink);
    }
  }

  get(path: string): ContentLink | undefined {
    return this.#links.get(path);
  }

  /** Directories that share the files of this one. */
  sharersOf(target: string): readonly ContentLink[] {
    return [...this.#links.values()].filter((link) => link.target === target);
  }

  isKept(path: string): boolean {
    return this.#kept.has(path);
  }

  async put(link: ContentLink): Promise<void> {
    await this.#write(link.path, { format: "model-agent-link", version: 1, ...link });
    this.#links.set(link.path, link);
  }

  async keep(path: string): Promise<void> {
    await this.#write(path, { format: "model-agent-kept", version: 1, path });
    this.#kept.add(path);
  }

  async forget(path: string): Promise<void> {
    if (!this.#links.has(path) && !this.#kept.has(path)) return;
    await rm(this.#file(path), { force: true }).catch((error: unknown) => {
      throw diskError(error, "remove", this.#file(path));
    });
    this.#links.delete(path);
    this.#kept.delete(path);
  }

  async #write(path: string, record: z.infer<typeof recordSchema>): Promise<void> {
    await mkdir(this.#directory, { recursive: true }).catch((error: unknown) => {
      throw diskError(error, "create directory", this.#directory);
    });
    await writeDurably(nodeFileSystem, this.#file(path), `${JSON.stringify(record)}\n`);
  }

  #file(path: string): string {
    return join(this.#directory, `${createHash("sha256").update(path).digest("hex").slice(0, 32)}.json`);
  }
}

function parse(text: string): z.infer<typeof recordSchema> | undefined {
  try {
    return recordSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
