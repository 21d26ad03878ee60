import type { VendorUri } from "../object-uri.ts";
import { invalidUri, type SchemeFamily, splitFirstSegment } from "../scheme-family.ts";

const forms = "Write vendor://{vendor}/{type}/{path}.";

export const vendor: SchemeFamily<VendorUri> = {
  schemes: ["vendor"],
  parse: (input) => {
    const [name, afterName] = splitFirstSegment(input.rest);
    const [type, key] = splitFirstSegment(afterName);
    if (name === "") throw invalidUri(input.text, "the vendor's name is missing", forms);
    if (type === "") throw invalidUri(input.text, "the resource type is missing", forms);
    if (key === "") throw invalidUri(input.text, "the resource path is missing", forms);
    return { provider: "vendor", vendor: name, type, key };
  },
  format: ({ vendor: name, type, key }) => `vendor://${name}/${type}/${key}`,
};
