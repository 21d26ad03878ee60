/** One operation of a JSON Patch (RFC 6902). */
export interface JsonPatchOperation {
  readonly op: "add" | "remove" | "test";
  readonly path: string;
  readonly value?: unknown;
}

/**
 * The patch that gives an object's labels these values; undefined removes a label. Labels that are already right are left out, so an
 * empty patch means that there is nothing to do.
 */
export function labelPatch(
  current: Readonly<Record<string, string>> | undefined,
  wanted: Readonly<Record<string, string | undefined>>,
): readonly JsonPatchOperation[] {
  const operations: JsonPatchOperation[] = [];
  for (const [key, value] of Object.entries(wanted)) {
    const now = current?.[key];
    if (now === value) continue;
    const path = `/metadata/labels/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
    operations.push(value === undefined ? { op: "remove", path } : { op: "add", path, value });
  }
  const first = operations[0];
  if (first !== undefined && current === undefined) {
    const path = "/metadata/labels";
    // Labels that somebody gave it meanwhile would be replaced; the test fails then, and the caller looks again.
    return [{ op: "test", path, value: null }, { op: "add", path, value: {} }, ...operations];
  }
  return operations;
}
