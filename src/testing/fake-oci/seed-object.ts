import type { Content } from "../content/content.ts";
import type { NewObject } from "./bucket.ts";
import type { FakeOciSeedOptions } from "./fake-oci-options.ts";
import { cutContent, partChecksums, wholeChecksums } from "./stored-content.ts";

/** An object as an upload with these options would have left it. Reads the content for its checksums. */
export async function seededObject(content: Content, options: FakeOciSeedOptions, now: number): Promise<NewObject> {
  const { partSize, checksum, contentType, contentEncoding, storageTier = "Standard" } = options;
  const user = Object.entries(options.metadata ?? {}).map(([name, value]) => [`opc-meta-${name}`, value]);
  return {
    content,
    checksums:
      partSize === undefined
        ? await wholeChecksums(content, checksum)
        : await partChecksums(cutContent(content, partSize), content, checksum),
    lastModified: options.lastModified ?? now,
    metadata: {
      ...(contentType === undefined ? {} : { "content-type": contentType }),
      ...(contentEncoding === undefined ? {} : { "content-encoding": contentEncoding }),
      ...Object.fromEntries(user),
    },
    storageTier,
    archivalState: storageTier === "Archive" ? "Archived" : undefined,
  };
}
