import { z } from "zod";
import { githubAuthParameters } from "../../../auth/github/parameters.ts";
import { endpointUrl } from "../../parameter-types.ts";

/** Parameters of `github://`; the login's are those of src/auth. */
export const githubParameters = z.strictObject({
  ...githubAuthParameters,
  /** Root of the REST API, for GitHub Enterprise Server `https://{host}/api/v3`; `GITHUB_API_URL` or GitHub's own when absent. */
  endpoint: endpointUrl().optional(),
});
