import { z } from "zod";
import { gcpAuthParameters } from "../../../auth/gcp/parameters.ts";
import { endpointUrl, flag, text } from "../../parameter-types.ts";

const project = () => text().regex(/^[a-z0-9][a-z0-9.:-]{1,98}$/, "must be a project id such as my-project");

/** Parameters of `gs://` and `gcp://`; the login's are those of src/auth. */
export const gcsParameters = z.strictObject({
  ...gcpAuthParameters,
  /** `https://host[:port]` of the JSON API. Default: `STORAGE_EMULATOR_HOST`, else `https://storage.googleapis.com`. */
  endpoint: endpointUrl().optional(),
  /** The project that buckets demanding it charge. The URI's project stands above it. */
  project: project().optional(),
  /** The project that every request is charged to. */
  userProject: project().optional(),
  /** Charge `project` with every request, not only where a bucket demands it. */
  requesterPays: flag().optional(),
});

/** The parameters after validation. */
export type GcsParameters = z.output<typeof gcsParameters>;
