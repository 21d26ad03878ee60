import type { UriProvider } from "../uri/object-uri.ts";
import type { ProviderDefinition } from "./provider-definition.ts";
import type { ProviderName } from "./storage.ts";

/** A provider whose code is loaded when the first URI asks for it. */
export interface LazyProvider {
  readonly name: ProviderName;
  readonly uriProviders: readonly UriProvider[];
  load(): Promise<ProviderDefinition>;
}

/** The providers of this package. The `import()` keeps each SDK out of processes that do not use it. */
export const builtInProviders: readonly LazyProvider[] = [
  {
    name: "s3",
    uriProviders: ["s3"],
    load: async () => (await import("./providers/s3/definition.ts")).s3Provider,
  },
  {
    name: "azure",
    uriProviders: ["azure"],
    load: async () => (await import("./providers/azure/definition.ts")).azureProvider,
  },
  {
    name: "oci",
    uriProviders: ["oci"],
    load: async () => (await import("./providers/oci/definition.ts")).ociProvider,
  },
  {
    name: "gcs",
    uriProviders: ["gcs"],
    load: async () => (await import("./providers/gcs/definition.ts")).gcsProvider,
  },
  {
    name: "huggingface",
    uriProviders: ["huggingface"],
    load: async () => (await import("./providers/huggingface/definition.ts")).huggingfaceProvider,
  },
  {
    name: "github",
    uriProviders: ["github"],
    load: async () => (await import("./providers/github/definition.ts")).githubProvider,
  },
  {
    name: "http",
    uriProviders: ["http"],
    load: async () => (await import("./providers/http/definition.ts")).httpProvider,
  },
  {
    name: "local",
    uriProviders: ["local"],
    load: async () => (await import("./providers/local/definition.ts")).localProvider,
  },
  {
    name: "memory",
    uriProviders: ["memory"],
    load: async () => (await import("./providers/memory/definition.ts")).memoryProvider,
  },
  {
    name: "pvc",
    uriProviders: ["pvc"],
    load: async () => (await import("./providers/pvc/definition.ts")).pvcProvider,
  },
  {
    name: "vendor",
    uriProviders: ["vendor"],
    load: async () => (await import("./providers/vendor/definition.ts")).vendorProvider,
  },
];
