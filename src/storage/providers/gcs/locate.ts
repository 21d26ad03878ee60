import type { ResolveOptions } from "../../../auth/caching.ts";
import type { GcsUri } from "../../../uri/object-uri.ts";
import type { HttpReadSource } from "../../read-source.ts";
import { carriesToken, renewRefused } from "../../renew-refused.ts";
import type { LocateOptions } from "../../storage.ts";
import { type GcsSession, objectPath } from "./session.ts";
import { statObject } from "./stat.ts";

/** Left unused of a token's lifetime, so that no request arrives when it has just expired; half of one that lives shorter. */
const marginMs = 60_000;

/**
 * A read of the JSON API with a bearer token, pinned to a generation. An object that is stored compressed is read as it is stored:
 * the service would unpack it otherwise (decompressive transcoding,
 * https://cloud.google.com/storage/docs/transcoding), and size, checksums and ranges are those of what is stored.
 */
export async function locateObject(
  session: GcsSession,
  uri: GcsUri,
  options: LocateOptions = {},
): Promise<HttpReadSource> {
  const { pin, signal } = options;
  const logins = { resolve: (wanted: ResolveOptions) => session.login(wanted) };
  const login = await renewRefused(logins, options, (read, held) => carriesToken(read, held?.token));
  const generation = pin?.version;
  const encoding = await encodingOf(session, uri, generation, signal);
  const query = new URLSearchParams({ alt: "media" });
  if (generation !== undefined) query.set("generation", generation);
  const userProject = session.userProject(uri.bucket);
  if (userProject !== undefined) query.set("userProject", userProject);
  const left = (login?.expiration ?? Number.POSITIVE_INFINITY) - session.clock.now();
  return {
    kind: "http",
    url: `${session.settings.endpoint}${objectPath(uri)}?${query}`,
    headers: login === undefined ? {} : { authorization: `Bearer ${login.token}` },
    expiresAt: session.clock.now() + left - Math.min(marginMs, Math.max(0, left) / 2),
    secretUrl: false,
    dropHeadersOnRedirect: true,
    expectHeaders: {
      ...(generation === undefined ? {} : { "x-goog-generation": generation }),
      ...(encoding === undefined ? {} : { "content-encoding": encoding }),
      // Says that nothing was unpacked on the way; emulators do not all send it.
      ...(session.settings.emulator ? {} : { "x-goog-stored-content-encoding": encoding ?? "identity" }),
    },
    network: session.network,
  };
}

/** How the object is stored: known from its listing or description, else asked for. */
async function encodingOf(
  session: GcsSession,
  uri: GcsUri,
  generation: string | undefined,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const found = generation === undefined ? "forgotten" : session.encodings.find(uri.bucket, uri.key, generation);
  if (found !== "forgotten") return found.encoding;
  return (await statObject(session, uri, { signal, generation })).contentEncoding;
}
