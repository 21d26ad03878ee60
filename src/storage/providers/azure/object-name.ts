import type { AzureUri } from "../../../uri/object-uri.ts";
import { azureError } from "./errors.ts";
import type { AzureAction } from "./service-failure.ts";

/**
 * The name of one object.
 *
 * @throws StorageError `config_invalid` for what cannot be asked for: a container, and names with `.` or `..` as a segment,
 * which everything on the way resolves as a path and which then name another object.
 */
export function objectName(operation: AzureAction, uri: AzureUri): string {
  const context = { operation, uri } as const;
  if (uri.key === "") {
    const code = operation === "stat" ? "not_found" : "config_invalid";
    throw azureError(code, context, "a container is no object", "Name an object below it.");
  }
  if (uri.key.split("/").some((segment) => segment === "." || segment === "..")) {
    const hint = "Rename that object: names with . or .. between slashes cannot be requested.";
    throw azureError("config_invalid", context, "the name has a segment . or ..", hint);
  }
  return uri.key;
}
