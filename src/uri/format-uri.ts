import type { ObjectUri } from "./object-uri.ts";
import { azure } from "./schemes/azure.ts";
import { gcs } from "./schemes/gcs.ts";
import { github } from "./schemes/github.ts";
import { http } from "./schemes/http.ts";
import { huggingface } from "./schemes/huggingface.ts";
import { local } from "./schemes/local.ts";
import { memory } from "./schemes/memory.ts";
import { oci } from "./schemes/oci.ts";
import { formatPluginUri } from "./schemes/plugin.ts";
import { pvc } from "./schemes/pvc.ts";
import { s3 } from "./schemes/s3.ts";
import { vendor } from "./schemes/vendor.ts";

/**
 * The preferred spelling of a URI; parsing it gives equal data. May contain secrets (queries of signed addresses): for
 * logs and errors there is {@link describeUri}.
 */
export function formatUri(uri: ObjectUri): string {
  switch (uri.provider) {
    case "s3":
      return s3.format(uri);
    case "gcs":
      return gcs.format(uri);
    case "azure":
      return azure.format(uri);
    case "oci":
      return oci.format(uri);
    case "huggingface":
      return huggingface.format(uri);
    case "github":
      return github.format(uri);
    case "http":
      return http.format(uri);
    case "local":
      return local.format(uri);
    case "pvc":
      return pvc.format(uri);
    case "vendor":
      return vendor.format(uri);
    case "memory":
      return memory.format(uri);
    case "plugin":
      return formatPluginUri(uri);
  }
}
