import type { PvcUri } from "../object-uri.ts";
import { invalidUri, type SchemeFamily, splitFirstSegment } from "../scheme-family.ts";

const forms = "Write pvc://{claim}/{path} or pvc://{namespace}:{claim}/{path}.";

const namespaceName = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const claimName = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;

export const pvc: SchemeFamily<PvcUri> = {
  schemes: ["pvc"],
  parse: (input) => {
    const [first, key] = splitFirstSegment(input.rest);
    const colon = first.indexOf(":");
    const namespace = colon < 0 ? undefined : first.slice(0, colon);
    const claim = first.slice(colon + 1);
    if (namespace === "") throw invalidUri(input.text, "the namespace before the colon is empty", forms);
    if (claim === "") throw invalidUri(input.text, "the claim's name is missing", forms);
    if (claim.includes(":")) throw invalidUri(input.text, "there is more than one colon in the first part", forms);
    if (namespace !== undefined && !namespaceName.test(namespace)) {
      throw invalidUri(
        input.text,
        `"${namespace}" is not a namespace`,
        "Namespaces are 1 to 63 lower-case letters, digits and inner hyphens.",
      );
    }
    if (!claimName.test(claim)) {
      throw invalidUri(
        input.text,
        `"${claim}" is not a claim's name`,
        "Names of claims are made of lower-case letters, digits, dots and inner hyphens.",
      );
    }
    if (key === "") throw invalidUri(input.text, "the path inside the volume is missing", forms);
    if (key.split("/").includes("..")) {
      throw invalidUri(input.text, 'the path inside the volume has a ".." segment', "Write the path without it.");
    }
    return namespace === undefined ? { provider: "pvc", claim, key } : { provider: "pvc", claim, namespace, key };
  },
  format: ({ namespace, claim, key }) => `pvc://${namespace === undefined ? "" : `${namespace}:`}${claim}/${key}`,
};
