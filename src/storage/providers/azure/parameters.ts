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
  /**
   * What reads of blobs without a `Content-MD5` are proven by: digests that the service computes of ranges of 4 MiB, in the
   * cheapest algorithm that it offers (`auto`, the default), in one of them, or nothing.
   */
  rangeChecksums: z.enum(["auto", "crc64", "md5", "off"]).optional(),
});

/** The parameters after validation. */
export type AzureParameters = z.output<typeof azureParameters>;
