import type { Content } from "../content/content.ts";

/** A half-open range of another content. */
export function slicedContent(content: Content, start: number, end: number): Content {
  return { size: end - start, read: (offset, target) => content.read(start + offset, target) };
}
