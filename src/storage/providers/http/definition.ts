import { defineProvider } from "../../provider-definition.ts";
import { HttpStorage } from "./client.ts";
import { chooseCredentials } from "./credentials.ts";
import { httpParameters } from "./parameters.ts";

/** `http://` and `https://`: one object, or a directory with an index when the path ends in `/`. */
export const httpProvider = defineProvider({
  name: "http",
  title: "HTTP(S)",
  uriProviders: ["http"],
  parameters: httpParameters,
  authType: ({ parameters, secret }) => chooseCredentials(parameters, secret).type,
  open: async ({ uri, parameters, secret, network, clock, random, logger }) => {
    const credentials = chooseCredentials(parameters, secret);
    if (credentials.authorization !== undefined && uri.origin.startsWith("http:")) {
      logger.warn({ origin: uri.origin }, "credentials go over plain HTTP");
    }
    return new HttpStorage({ uri, credentials, index: parameters.index, network, clock, random });
  },
});
