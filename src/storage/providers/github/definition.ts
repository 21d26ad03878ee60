import { createCredentials } from "../../../auth/create-credentials.ts";
import { apiAddress } from "../../../auth/github/api-address.ts";
import { chooseGithubSettings } from "../../../auth/github/choose-settings.ts";
import { defineProvider } from "../../provider-definition.ts";
import { GithubStorage } from "./client.ts";
import { githubParameters } from "./parameters.ts";
import { GithubSession } from "./session.ts";

/** `github://`: the assets of a release on GitHub or GitHub Enterprise Server. */
export const githubProvider = defineProvider({
  name: "github",
  title: "GitHub releases",
  uriProviders: ["github"],
  parameters: githubParameters,
  authType: (settings) => chooseGithubSettings(settings).type,
  open: async ({ parameters, secret, env, network, clock, random, logger }) => {
    const { endpoint } = apiAddress({ parameters, env });
    if (endpoint.startsWith("http:")) {
      logger.warn({ endpoint: endpoint }, "requests go over plain HTTP, and the token with them if there is one");
    }
    const credentials = await createCredentials({
      provider: "github",
      parameters,
      secret,
      env,
      network,
      clock,
      logger,
      random,
    });
    return new GithubStorage(new GithubSession({ endpoint, credentials, network, clock, random, logger }));
  },
});
