import { z } from "zod";
import { ociAuthParameters } from "../../../auth/oci/parameters.ts";
import { endpointUrl, text } from "../../parameter-types.ts";

/** Parameters of `oci://`; the login's, `region` among them, are those of src/auth. */
export const ociParameters = z.strictObject({
  ...ociAuthParameters,
  /** Address of Object Storage instead of that of the region: `https://host[:port]`. */
  endpoint: endpointUrl().optional(),
  /** Of the tenancy; the URI's stands above it, and it is asked for where neither names one. */
  namespace: text()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, "must be a namespace")
    .optional(),
  /** Address of a pre-authenticated request, to read without logging in. Secret. */
  preauthenticatedRequest: text().optional(),
});

/** The parameters after validation. */
export type OciParameters = z.output<typeof ociParameters>;
