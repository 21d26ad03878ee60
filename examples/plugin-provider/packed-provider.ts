import { resolve } from "node:path";
import { z } from "zod";
// In a project of your own: from "model-agent/storage".
import { defineProvider, StorageError, text } from "../../src/public/storage.ts";
import { PackedStorage } from "./packed-storage.ts";

/** `packed://shelf/prefix`: the packed directory `shelf` below the library that `parameters.library` names. */
export const packedProvider = defineProvider({
  name: "packed",
  title: "Packed directories",
  uriProviders: ["plugin"],
  schemes: ["packed"],
  parameters: z.strictObject({
    /** Directory that holds the shelves; default: the environment's PACKED_LIBRARY. */
    library: text().optional(),
  }),
  authType: () => "none",
  open: async ({ uri, parameters, env }) => {
    const library = parameters.library ?? env["PACKED_LIBRARY"];
    if (library !== undefined) return new PackedStorage(resolve(library, uri.authority));
    throw new StorageError({
      code: "config_invalid",
      operation: "open storage",
      provider: "packed",
      target: "parameters.library",
      detail: "it is not known where the packed directories lie",
      hint: "Give parameters.library, or set PACKED_LIBRARY.",
    });
  },
});
