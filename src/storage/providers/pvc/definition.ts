import { defineProvider } from "../../provider-definition.ts";
import { createPvcStorage } from "./client.ts";
import { pvcParameters } from "./parameters.ts";

/** `pvc://[namespace:]claim/path`: a valid place that is never read. */
export const pvcProvider = defineProvider({
  name: "pvc",
  title: "Persistent volume claim",
  uriProviders: ["pvc"],
  parameters: pvcParameters,
  authType: () => "none",
  open: async () => createPvcStorage(),
});
