import { type Document, LineCounter, parseAllDocuments } from "yaml";
import { type FieldProblem, formatPath } from "./field-problem.ts";
import type { Manifest } from "./manifest.ts";
import { type ManifestIdentity, meansModel, readManifest } from "./read-manifest.ts";
import { positionOf, writtenAt } from "./yaml-position.ts";

/** Something wrong in a file of manifests. An error keeps its manifest from being used, a warning does not. */
export interface ManifestProblem {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1. */
  readonly column: number;
  /** Such as `spec.storage.storageUri`; empty for the document or the file as a whole. */
  readonly path: string;
  readonly severity: "error" | "warning";
  /** What is wrong and what to do, for people. Never a secret. */
  readonly message: string;
  /** Which model it concerns, when that could be read. */
  readonly model?: ManifestIdentity | undefined;
}

export interface ParseManifestsOptions {
  /** Schemes of registered plug-in providers. */
  readonly pluginSchemes?: ReadonlySet<string> | undefined;
}

export interface ParsedManifests {
  /** In the order of the file, those without errors. */
  readonly manifests: readonly Manifest[];
  /** In the order of the file. */
  readonly problems: readonly ManifestProblem[];
}

/**
 * Reads a YAML (or JSON) file with one or many BaseModel and ClusterBaseModel documents, or lists of them. Documents of
 * other kinds are left out with a warning; a wrong document does not keep the others from being read. Never throws for
 * what it is given.
 */
export function parseManifests(text: string, fileName: string, options: ParseManifestsOptions = {}): ParsedManifests {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, merge: true, strict: true });
  const reader = new FileReader(fileName, lines, options);
  for (const document of Array.isArray(documents) ? documents : []) reader.readDocument(document);
  return { manifests: reader.manifests, problems: reader.problems.sort((a, b) => a.line - b.line) };
}

class FileReader {
  readonly manifests: Manifest[] = [];
  readonly problems: ManifestProblem[] = [];
  readonly #file: string;
  readonly #lines: LineCounter;
  readonly #options: ParseManifestsOptions;

  constructor(file: string, lines: LineCounter, options: ParseManifestsOptions) {
    this.#file = file;
    this.#lines = lines;
    this.#options = options;
  }

  readDocument(document: Document): void {
    for (const warning of document.warnings)
      this.#report(this.#at(warning.pos[0]), "", "warning", withoutQuote(warning.message));
    // What follows the first error of a document is mostly its echo.
    const [error] = document.errors;
    if (error !== undefined) {
      const message = `is not valid YAML: ${withoutQuote(error.message)}; check indentation and punctuation around this line`;
      this.#report(this.#at(error.pos[0]), "", "error", message);
      return;
    }
    let content: unknown;
    try {
      content = document.toJS();
    } catch (failure) {
      this.#report(
        this.#at(document.range?.[0] ?? 0),
        "",
        "error",
        `is not usable YAML: ${withoutQuote((failure as Error).message)}`,
      );
      return;
    }
    if (content === null || content === undefined) return;
    const items = itemsOf(content);
    if (items === undefined) this.#readObject(document, content, []);
    else for (const [index, item] of items.entries()) this.#readObject(document, item, ["items", index]);
  }

  #readObject(document: Document, object: unknown, at: readonly (string | number)[]): void {
    const position = positionOf(document, at, "name", this.#lines);
    if (!meansModel(object)) {
      const kind = String((object as { kind?: unknown }).kind);
      const kindAt = [...at, "kind"];
      this.#report(
        positionOf(document, kindAt, "name", this.#lines),
        formatPath(kindAt),
        "warning",
        `"${kind}" is no model; it is left out`,
      );
      return;
    }
    const reading = readManifest(object, {
      pluginSchemes: this.#options.pluginSchemes,
      written: (path) => writtenAt(document, [...at, ...path]),
    });
    for (const problem of reading.problems) this.#reportField(document, at, problem, reading.identity);
    if (reading.manifest !== undefined) this.#add(reading.manifest, position);
  }

  /** Takes a manifest in, unless the file has the same model already. */
  #add(manifest: Manifest, position: { line: number; column: number }): void {
    const { kind, metadata } = manifest;
    const same = this.manifests.find(
      (other) =>
        other.kind === kind && other.metadata.name === metadata.name && other.metadata.namespace === metadata.namespace,
    );
    if (same === undefined) {
      this.manifests.push({ ...manifest, source: { file: this.#file, line: position.line } });
      return;
    }
    this.#report(
      position,
      "metadata.name",
      "error",
      `${kind} "${metadata.name}" is already defined at line ${same.source?.line}: give one of them another name, or remove it`,
      manifest,
    );
  }

  #reportField(
    document: Document,
    at: readonly (string | number)[],
    problem: FieldProblem,
    model: ManifestIdentity | undefined,
  ): void {
    const path = [...at, ...problem.path];
    const position = positionOf(document, path, problem.about, this.#lines);
    this.#report(position, formatPath(path), problem.severity, problem.message, model);
  }

  #report(
    { line, column }: { line: number; column: number },
    path: string,
    severity: ManifestProblem["severity"],
    message: string,
    identity?: ManifestIdentity,
  ): void {
    const model = identity === undefined ? undefined : { kind: identity.kind, metadata: identity.metadata };
    this.problems.push({
      file: this.#file,
      line,
      column,
      path,
      severity,
      message,
      ...(model === undefined ? {} : { model }),
    });
  }

  #at(offset: number): { line: number; column: number } {
    const { line, col } = this.#lines.linePos(offset);
    return { line, column: col };
  }
}

/** The items of `kind: List` and of `BaseModelList`, which `kubectl get -o yaml` prints; undefined for other objects. */
function itemsOf(content: unknown): readonly unknown[] | undefined {
  const { kind, items } = content as { kind?: unknown; items?: unknown };
  return typeof kind === "string" && kind.endsWith("List") && Array.isArray(items) ? items : undefined;
}

/** The parser quotes the text behind a colon, and a password that begins with `*` or `!` looks like an alias or a tag. */
function withoutQuote(message: string): string {
  return message.replace(/: .*$/s, "");
}
