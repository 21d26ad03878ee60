import { createCredentials } from "../../../auth/create-credentials.ts";
import { chooseGcpSettings, type GcpAuthSettings } from "../../../auth/gcp/choose-settings.ts";
import { defineProvider, type ProviderSettings, type UriOf } from "../../provider-definition.ts";
import { type GcsParameters, gcsParameters } from "./parameters.ts";
import { chooseSettings, usesEmulator } from "./settings.ts";

/** `gs://` and `gcp://`: Google Cloud Storage and its emulators. */
export const gcsProvider = defineProvider({
  name: "gcs",
  title: "Google Cloud Storage",
  uriProviders: ["gcs"],
  parameters: gcsParameters,
  authType: (settings) => loginOf(settings).login.type,
  open: async ({ uri, parameters, secret, env, network, clock, random, logger }) => {
    const { login, parameters: chosen } = loginOf({ parameters, secret, env });
    const settings = chooseSettings({ uri, parameters, env, login });
    const credentials = await createCredentials({
      provider: "gcp",
      parameters: chosen,
      secret,
      env,
      network,
      clock,
      logger,
      random,
    });
    const [{ GcsSession }, { GcsStorage }] = await Promise.all([import("./session.ts"), import("./client.ts")]);
    return new GcsStorage(new GcsSession({ settings, credentials, network, clock, random, logger }));
  },
});

type Input = Pick<ProviderSettings<UriOf<"gcs">, GcsParameters>, "parameters" | "secret" | "env">;

/** An emulator knows no identities: it gets none unless the manifest asks for one. */
function loginOf({ parameters, secret, env }: Input): {
  readonly login: GcpAuthSettings;
  readonly parameters: GcsParameters;
} {
  const login = chooseGcpSettings({ parameters, secret, env });
  const asked = login.type !== "application_default" || login.impersonate !== undefined;
  const named = ["auth", "authType", "auth_type"].some((name) => name in parameters || name in secret);
  if (asked || named || !usesEmulator(parameters, env)) return { login, parameters };
  const anonymous = { ...parameters, auth: "anonymous" };
  return { login: chooseGcpSettings({ parameters: anonymous, secret, env }), parameters: anonymous };
}
