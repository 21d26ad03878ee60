import type { AzureUri } from "../object-uri.ts";
import { checkKeyLength, invalidUri, type SchemeFamily, splitFirstSegment, type UriText } from "../scheme-family.ts";

const forms =
  "Write az://{container}/{prefix}, azure://{account}/{container}/{prefix} or az://{account}.blob.core.windows.net/{container}/{prefix}.";

/** https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata */
const containerName = /^(?:[a-z0-9](?:-?[a-z0-9]){0,62}|\$(?:root|web|logs|blobchangefeed))$/;
const accountName = /^[a-z0-9]{1,24}$/;
/** Public and sovereign clouds (`blob.core.…`), DNS-zone endpoints (`z01.blob.storage.azure.net`), private links, Azure Stack. */
const blobHost = /^((?:z\d{1,3}\.|privatelink\.)?blob\.[a-z0-9-]+(?:\.[a-z0-9-]+)+)$/;

export const azure: SchemeFamily<AzureUri> = {
  schemes: ["az", "azure"],
  parse: (input) => {
    const [first, tail] = splitFirstSegment(input.rest);
    // Container and account names have no dots, so a dot says that the first part is a host.
    if (first.includes(".") || first.includes(":")) return parseHost(input, first, tail);
    if (input.scheme === "azure") return parseAccount(input, first, tail);
    return { provider: "azure", container: checkContainer(input, first), key: checkKeyLength(input, tail) };
  },
  format: ({ account, hostSuffix, container, key }) => {
    const path = `${container}${key === "" ? "" : `/${key}`}`;
    if (account === undefined) return `az://${path}`;
    return hostSuffix === undefined ? `azure://${account}/${path}` : `az://${account}.${hostSuffix}/${path}`;
  },
};

function parseAccount(input: UriText, account: string, tail: string): AzureUri {
  checkAccount(input, account);
  const [container, key] = splitFirstSegment(tail);
  return {
    provider: "azure",
    account,
    container: checkContainer(input, container),
    key: checkKeyLength(input, key),
  };
}

function parseHost(input: UriText, host: string, tail: string): AzureUri {
  const dot = host.indexOf(".");
  const account = host.slice(0, dot);
  const hostSuffix = host.slice(dot + 1);
  if (host.includes(":") || !blobHost.test(hostSuffix)) {
    throw invalidUri(
      input.text,
      hostSuffix.startsWith("dfs.")
        ? `"${host}" is the Data Lake endpoint of the account`
        : `"${host}" is not a blob endpoint`,
      hostSuffix.startsWith("dfs.")
        ? `Write its blob endpoint: az://${account}.${hostSuffix.replace("dfs.", "blob.")}/{container}/{prefix}.`
        : "Write az://{account}.blob.core.windows.net/{container}/{prefix}, or give another endpoint as the parameter `endpoint`.",
    );
  }
  checkAccount(input, account);
  const [container, key] = splitFirstSegment(tail);
  return {
    provider: "azure",
    account,
    hostSuffix,
    container: checkContainer(input, container),
    key: checkKeyLength(input, key),
  };
}

function checkAccount(input: UriText, account: string): void {
  if (account === "") throw invalidUri(input.text, "the storage account is missing", forms);
  if (!accountName.test(account)) {
    throw invalidUri(
      input.text,
      `"${account}" is not a storage account name`,
      "Account names are 3 to 24 lower-case letters and digits.",
    );
  }
}

function checkContainer(input: UriText, container: string): string {
  if (container === "") throw invalidUri(input.text, "the container is missing", forms);
  if (!containerName.test(container)) {
    throw invalidUri(
      input.text,
      `"${container}" is not a container name`,
      "Container names are 3 to 63 lower-case letters, digits and single hyphens.",
    );
  }
  return container;
}
