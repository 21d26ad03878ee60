import type { GcsUri } from "../../../uri/object-uri.ts";
import type { CallOptions, ObjectInfo } from "../../storage.ts";
import { gcsError } from "./errors.ts";
import { describeObject } from "./object-resource.ts";
import { type GcsSession, objectPath } from "./session.ts";
import { statObject } from "./stat.ts";

/** Copies within the service, pinned to the generation that is there at the beginning; large copies take several requests. */
export async function copyObject(
  session: GcsSession,
  from: GcsUri,
  to: GcsUri,
  { signal }: CallOptions = {},
): Promise<ObjectInfo> {
  const { version } = await statObject(session, from, { signal });
  const path = `${objectPath(from)}/rewriteTo${objectPath(to).slice("/storage/v1".length)}`;
  let rewriteToken: string | undefined;
  for (;;) {
    const answer = await session.json({
      action: "copy",
      uri: to,
      signal,
      method: "POST",
      path,
      query: { sourceGeneration: version, rewriteToken },
      headers: { "content-type": "application/json" },
      body: "",
    });
    if (answer["done"] === true) return { ...describeObject("copy", to, answer["resource"]), uri: to };
    const next = answer["rewriteToken"];
    if (typeof next !== "string" || next === "") {
      const detail = "the copy is not done and names no way to go on";
      throw gcsError("protocol", { operation: "copy", uri: to }, detail, "Check the endpoint.").with({
        retry: "permanent",
      });
    }
    rewriteToken = next;
  }
}
