import { z } from "zod";
import { azureAuthParameters } from "../../../auth/azure/parameters.ts";
import { endpointUrl, text } from "../../parameter-types.ts";

/** Parameters of `az://`; the login's, `account` among them, are those of src/auth. */
export const azureParameters = z.strictObject({
  ...azureAuthParameters,
  /**
   * Address of Blob Storage instead of `https://{account}.blob.core.windows.net`: a custom domain, or an emulator, whose
   * account is the first segment of the path (and is added where the host is an address or has no dots).
   */
  endpoint: endpointUrl().optional(),
  /** Domain behind `{account}.blob.`, such as `core.chinacloudapi.cn`. */
  endpointSuffix: text()
    .regex(/^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/, "must be a domain such as core.windows.net")
    .optional(),
});

/** The parameters after validation. */
export type AzureParameters = z.output<typeof azureParameters>;
