import { defineProvider } from "../../provider-definition.ts";
import { createVendorStorage } from "./client.ts";
import { vendorParameters } from "./parameters.ts";

/** `vendor://vendor/type/path`: nothing is downloaded. */
export const vendorProvider = defineProvider({
  name: "vendor",
  title: "Vendor model",
  uriProviders: ["vendor"],
  parameters: vendorParameters,
  authType: () => "none",
  open: async () => createVendorStorage(),
});
