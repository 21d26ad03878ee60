import { type Document, isAlias, isMap, isNode, isScalar, isSeq, type LineCounter, type Node } from "yaml";

export interface Position {
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1. */
  readonly column: number;
}

/** What a path leads to in a YAML document. */
interface Found {
  readonly name: Node | undefined;
  readonly value: Node | undefined;
  /** False when the path ends before its last field, which then is missing. */
  readonly whole: boolean;
}

/** Line and column of a field: of its value or its name, or of what should contain it when it is missing. */
export function positionOf(
  document: Document,
  path: readonly (string | number)[],
  about: "name" | "value",
  lines: LineCounter,
): Position {
  const { name, value, whole } = find(document, path);
  const node = whole && about === "value" && isScalar(value) ? value : (name ?? value ?? document.contents);
  const offset = isNode(node) ? (node.range?.[0] ?? 0) : (document.range?.[0] ?? 0);
  const { line, col } = lines.linePos(offset);
  return { line, column: col };
}

/** A scalar as it was written, without its quotation marks. */
export function writtenAt(document: Document, path: readonly (string | number)[]): string | undefined {
  const { value, whole } = find(document, path);
  return whole && isScalar(value) ? value.source : undefined;
}

function find(document: Document, path: readonly (string | number)[]): Found {
  let value = resolve(document, document.contents);
  let name: Node | undefined;
  for (const segment of path) {
    if (isMap(value)) {
      const pair = value.items.find(({ key }) => isScalar(key) && String(key.value) === String(segment));
      if (pair === undefined) return { name, value, whole: false };
      name = isNode(pair.key) ? pair.key : undefined;
      value = resolve(document, pair.value);
    } else if (isSeq(value)) {
      const item = value.items[Number(segment)];
      if (item === undefined) return { name, value, whole: false };
      name = isNode(item) ? item : undefined;
      value = resolve(document, item);
    } else {
      return { name, value, whole: false };
    }
  }
  return { name, value, whole: true };
}

function resolve(document: Document, node: unknown): Node | undefined {
  if (isAlias(node)) return node.resolve(document);
  return isNode(node) ? node : undefined;
}
