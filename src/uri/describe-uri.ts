import { formatUri } from "./format-uri.ts";
import type { ObjectUri } from "./object-uri.ts";
import { escapeUnprintable, redactUriText } from "./redact-uri-text.ts";

/**
 * A URI for logs, errors and metrics: formatted, without query and user info, without the token of an OCI
 * pre-authenticated request, control characters escaped.
 */
export function describeUri(uri: ObjectUri): string {
  switch (uri.provider) {
    case "http":
      return redactUriText(formatUri({ ...uri, query: "" }));
    case "plugin": {
      const authority = uri.authority.slice(uri.authority.lastIndexOf("@") + 1);
      return redactUriText(formatUri({ ...uri, authority })).replace(/\?\*\*\*$/, "");
    }
    default:
      return escapeUnprintable(formatUri(uri));
  }
}
