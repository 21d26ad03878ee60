import { type AwsAuthSettings, chooseAwsSettings } from "../../../auth/aws/choose-settings.ts";
import { createCredentials } from "../../../auth/create-credentials.ts";
import { defineProvider } from "../../provider-definition.ts";
import { s3Error } from "./errors.ts";
import { s3Parameters } from "./parameters.ts";
import { profileRegion } from "./profile-region.ts";
import { chooseSettings } from "./settings.ts";

/** Directory buckets (S3 Express One Zone) sign with sessions of their own. */
const directoryBucket = /--x-s3$/;

/** `s3://` and `aws://`: Amazon S3 and compatible services. The SDK is loaded when the first one is opened. */
export const s3Provider = defineProvider({
  name: "s3",
  title: "Amazon S3 and compatible stores",
  uriProviders: ["s3"],
  parameters: s3Parameters,
  authType: (settings) => chooseAwsSettings(settings).type,
  open: async ({ uri, parameters, secret, env, network, clock, random, logger }) => {
    if (directoryBucket.test(uri.bucket)) {
      throw s3Error(
        "unsupported",
        { operation: "open storage", uri },
        "directory buckets (S3 Express One Zone) are not supported",
        "Copy the model into a general purpose bucket.",
      );
    }
    const profile = profileOf(chooseAwsSettings({ parameters, secret, env }));
    const settings = chooseSettings({ uri, parameters, env, profileRegion: await profileRegion(env, profile) });
    const credentials = await createCredentials({
      provider: "aws",
      parameters,
      secret,
      env,
      network,
      clock,
      logger,
      random,
      region: uri.region ?? settings.region,
      compatible: settings.service !== "aws",
    });
    const [{ S3Session }, { S3Storage }] = await Promise.all([import("./session.ts"), import("./client.ts")]);
    return new S3Storage(new S3Session({ settings, credentials, network, clock, random, logger }));
  },
});

/** The profile that the login names: its region goes with it. */
function profileOf(login: AwsAuthSettings): string | undefined {
  const source = login.type === "assume_role" ? login.source : login;
  return source.type === "profile" ? source.profile : undefined;
}
