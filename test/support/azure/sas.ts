import {
  ContainerSASPermissions,
  generateBlobSASQueryParameters,
  StorageSharedKeyCredential,
} from "@azure/storage-blob";

/** A shared access signature for a container, made by the official SDK. */
export function containerSas(
  server: { readonly account: string; readonly accountKey: string },
  containerName: string,
  { permissions = "rlcwd", expiresOn = Date.now() + 3_600_000 } = {},
): string {
  return generateBlobSASQueryParameters(
    {
      containerName,
      permissions: ContainerSASPermissions.parse(permissions),
      expiresOn: new Date(expiresOn),
      version: "2021-12-02",
    },
    new StorageSharedKeyCredential(server.account, server.accountKey),
  ).toString();
}
