import { createCredentials } from "../../../auth/create-credentials.ts";
import { chooseOciSettings } from "../../../auth/oci/choose-settings.ts";
import { defineProvider } from "../../provider-definition.ts";
import { ociParameters } from "./parameters.ts";
import { chooseSettings, preauthenticatedText } from "./settings.ts";

/** `oci://`: OCI Object Storage. The SDK is loaded when the first one is opened. */
export const ociProvider = defineProvider({
  name: "oci",
  title: "OCI Object Storage",
  uriProviders: ["oci"],
  parameters: ociParameters,
  authType: (settings) =>
    preauthenticatedText(settings) === undefined ? chooseOciSettings(settings).type : "preauthenticated_request",
  open: async ({ uri, parameters, secret, env, network, clock, random, logger }) => {
    const settings = chooseSettings({ uri, parameters, secret, env });
    const login = { provider: "oci", parameters, secret, env, network, clock, logger, random } as const;
    const credentials = settings.preauthenticated === undefined ? await createCredentials(login) : undefined;
    const [{ OciSession }, { OciStorage }] = await Promise.all([import("./session.ts"), import("./client.ts")]);
    return new OciStorage(new OciSession({ settings, credentials, env, network, clock, random, logger }));
  },
});
