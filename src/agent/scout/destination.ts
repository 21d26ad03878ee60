import { createHash } from "node:crypto";
import { join, resolve, sep } from "node:path";
import { StorageError } from "../../errors.ts";
import { metadataDirectoryName } from "../../store/layout.ts";

export interface DestinationRules {
  /** Absolute. */
  readonly modelsRoot: string;
  /** Further directories below which models may lie. Absolute. */
  readonly allowedPaths: readonly string[];
}

export interface Destination {
  /** Absolute, normalised. */
  readonly path: string;
  /** The allowed directory that it lies in. */
  readonly root: string;
}

const longestName = 255;
/** The token in an OCI pre-authenticated request's path: whoever has it may read the objects. */
const preAuthenticated = /\/p\/[^/]+\/n\//g;

/**
 * Where a model goes: its `storage.path`, which has to lie below the models root or an allowed path, or else a directory below
 * the models root named after its URI. The latter is where OME's agent puts it too (`hf://org/model` becomes
 * `<root>/hf:/org/model`), so that what it brought is found. Throws `unsafe_path`.
 */
export function resolveDestination(
  storageUri: string,
  storagePath: string | undefined,
  rules: DestinationRules,
): Destination {
  const path =
    storagePath === undefined || storagePath === ""
      ? join(rules.modelsRoot, ...directoryNames(storageUri))
      : resolve(storagePath);
  const root = [rules.modelsRoot, ...rules.allowedPaths].find((allowed) => isBelow(path, allowed));
  if (root === undefined) {
    throw refusal(path, `it does not lie below ${[rules.modelsRoot, ...rules.allowedPaths].join(" or ")}`);
  }
  if (path.split(sep).includes(metadataDirectoryName))
    throw refusal(path, `${metadataDirectoryName} is kept for the agent`);
  return { path, root };
}

/**
 * The URI's parts as directory names: no query (it may be a signature), no token of an OCI pre-authenticated request, no empty,
 * dotted or over-long name.
 */
function directoryNames(storageUri: string): readonly string[] {
  const [given = "", ...query] = storageUri.split(/[?#]/);
  const place = given.replace(preAuthenticated, "/p/-/n/");
  const names = place.split("/").filter((name) => name !== "");
  if (names.some((name) => name === "." || name === "..")) {
    throw refusal(place, 'a part of the URI is "." or "..", so no directory can be named after it');
  }
  if (query.length > 0) names.push(digest(storageUri));
  return names.map((name) => {
    const safe = name.replace(/[\p{Cc}\\]/gu, "_");
    return Buffer.byteLength(safe) <= longestName ? safe : `${safe.slice(0, 48)}-${digest(name)}`;
  });
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

export function isBelow(path: string, directory: string): boolean {
  return path.startsWith(directory.endsWith(sep) ? directory : directory + sep);
}

function refusal(path: string, reason: string): StorageError {
  return new StorageError({
    code: "unsafe_path",
    operation: "choose the destination",
    target: path,
    detail: reason,
    hint: "Set spec.storage.path to a directory below the models root, or allow its parent with --allow-path.",
  });
}
