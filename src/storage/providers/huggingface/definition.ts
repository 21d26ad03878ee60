import { createCredentials } from "../../../auth/create-credentials.ts";
import { chooseHuggingFaceSettings } from "../../../auth/huggingface/choose-settings.ts";
import { defineProvider } from "../../provider-definition.ts";
import { HubStorage } from "./client.ts";
import { huggingfaceParameters } from "./parameters.ts";
import { HubSession } from "./session.ts";
import { chooseSettings } from "./settings.ts";

/** `hf://`: models and datasets of the Hugging Face Hub and its mirrors. */
export const huggingfaceProvider = defineProvider({
  name: "huggingface",
  title: "Hugging Face Hub",
  uriProviders: ["huggingface"],
  parameters: huggingfaceParameters,
  authType: (settings) => chooseHuggingFaceSettings(settings).type,
  open: async ({ parameters, secret, env, network, clock, random, logger }) => {
    const settings = chooseSettings({ parameters, env });
    if (settings.endpoint.startsWith("http:")) {
      logger.warn(
        { endpoint: settings.endpoint },
        "requests go over plain HTTP, and the token with them if there is one",
      );
    }
    const credentials = await createCredentials({
      provider: "huggingface",
      parameters,
      secret,
      env,
      network,
      clock,
      logger,
      random,
    });
    return new HubStorage(new HubSession({ settings, credentials, network, clock, random, logger }));
  },
});
