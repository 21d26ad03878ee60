import type { MemoryUri } from "../object-uri.ts";
import { invalidUri, type SchemeFamily, splitFirstSegment } from "../scheme-family.ts";

export const memory: SchemeFamily<MemoryUri> = {
  schemes: ["memory"],
  parse: (input) => {
    const [bucket, key] = splitFirstSegment(input.rest);
    if (bucket === "") throw invalidUri(input.text, "the bucket is missing", "Write memory://{bucket}/{prefix}.");
    if (!/^[A-Za-z0-9._-]+$/.test(bucket)) {
      throw invalidUri(
        input.text,
        `"${bucket}" is not a bucket name`,
        "Bucket names are made of letters, digits, dots, hyphens and underscores.",
      );
    }
    return { provider: "memory", bucket, key };
  },
  format: ({ bucket, key }) => `memory://${bucket}${key === "" ? "" : `/${key}`}`,
};
