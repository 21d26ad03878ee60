/** Something wrong at one field of a manifest. An error keeps the manifest from being used, a warning does not. */
export interface FieldProblem {
  /** Field by field from the object's root. */
  readonly path: readonly (string | number)[];
  readonly severity: "error" | "warning";
  /** Whether the field's name is meant or what stands in it. */
  readonly about: "name" | "value";
  /** What is wrong and what to do, for people. Never a secret. */
  readonly message: string;
}

/** `spec.storage.storageUri`, `items[2].spec`, `metadata.labels["models.ome/x"]`. */
export function formatPath(path: readonly (string | number)[]): string {
  return path.reduce<string>((text, segment) => {
    if (typeof segment === "number") return `${text}[${segment}]`;
    if (!/^[A-Za-z_][\w-]*$/.test(segment)) return `${text}[${JSON.stringify(segment)}]`;
    return text === "" ? segment : `${text}.${segment}`;
  }, "");
}
