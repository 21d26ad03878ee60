import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { defineProvider } from "../../provider-definition.ts";
import { LocalStorage } from "./client.ts";
import { LocalRoot } from "./local-root.ts";
import { localParameters } from "./parameters.ts";

/** `local://` and `file://`: the files of this machine, confined to the directory that the URI names. */
export const localProvider = defineProvider({
  name: "local",
  title: "Local files",
  uriProviders: ["local"],
  parameters: localParameters,
  authType: () => "none",
  open: async ({ uri, parameters, localDirectories }) => {
    const directory = (await isDirectory(uri.path)) ? uri.path : dirname(uri.path);
    const followOut = parameters.symlinks === "follow";
    return new LocalStorage(
      new LocalRoot(directory, { followOut, within: localDirectories, workingDirectory: process.cwd() }),
    );
  },
});

/** A path that ends in a slash is meant as a directory, whether it exists or not. */
async function isDirectory(path: string): Promise<boolean> {
  if (path.endsWith("/")) return true;
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}
