import { chooseAzureSettings } from "../../../auth/azure/choose-settings.ts";
import { createCredentials } from "../../../auth/create-credentials.ts";
import { defineProvider } from "../../provider-definition.ts";
import { azureParameters } from "./parameters.ts";
import { addressOf, checkDestination, chooseSettings } from "./settings.ts";

/** `az://` and `azure://`: Azure Blob Storage. The SDK is loaded when the first one is opened. */
export const azureProvider = defineProvider({
  name: "azure",
  title: "Azure Blob Storage",
  uriProviders: ["azure"],
  parameters: azureParameters,
  authType: (settings) => chooseAzureSettings(settings).type,
  open: async ({ uri, parameters, secret, env, network, clock, random, logger }) => {
    const settings = chooseSettings({ uri, parameters, secret, env });
    const region = uri.hostSuffix ?? settings.hostSuffix;
    const login = { provider: "azure", parameters, secret, env, network, clock, logger, random, region } as const;
    const credentials = await createCredentials(login);
    checkDestination(addressOf(settings, uri), settings, credentials, uri);
    const [{ AzureSession }, { AzureStorage }] = await Promise.all([import("./session.ts"), import("./client.ts")]);
    return new AzureStorage(new AzureSession({ settings, credentials, network, clock, random }));
  },
});
