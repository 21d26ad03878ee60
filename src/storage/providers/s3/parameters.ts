import { z } from "zod";
import { awsAuthParameters } from "../../../auth/aws/parameters.ts";
import { endpointUrl, flag, text } from "../../parameter-types.ts";
import { serviceNames } from "./service-presets.ts";

const nameOf = (pattern: RegExp, error: string) => text().regex(pattern, error);

/** Parameters of `s3://` and `aws://`; the login's are those of src/auth. */
export const s3Parameters = z.strictObject({
  ...awsAuthParameters,
  /** Which service it is; recognised by the endpoint when absent, Amazon S3 without an endpoint. */
  service: z.enum(serviceNames, { error: `must be one of ${serviceNames.join(", ")}` }).optional(),
  /** `https://host[:port]`; the bucket is no part of it. */
  endpoint: endpointUrl().optional(),
  /** Of the bucket. The URI's region stands above it. */
  region: nameOf(/^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/, "must be a region such as eu-west-1").optional(),
  /** Where the bucket stands in a request; the service's own custom when absent. */
  addressingStyle: z.enum(["path", "virtual"], { error: "must be path or virtual" }).optional(),
  /** Requests and traffic are charged to whoever asks. */
  requesterPays: flag().optional(),
  /** The version to read, of the one object that the URI names. */
  versionId: text().optional(),
  /** Account id in the endpoint of Cloudflare R2. */
  account: nameOf(/^[A-Za-z0-9][A-Za-z0-9-]{0,62}$/, "must be an account id").optional(),
  /** Tenancy namespace in the endpoint of OCI Object Storage. */
  namespace: nameOf(/^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/, "must be a namespace").optional(),
});

/** The parameters after validation. */
export type S3Parameters = z.output<typeof s3Parameters>;
