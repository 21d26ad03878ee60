import type { HubFile } from "./hub-file.ts";
import type { HubContext, HubSession } from "./session.ts";
import { readTree } from "./tree.ts";

interface Listing {
  readonly directory: string;
  readonly recursive: boolean;
  readonly files: readonly HubFile[] | undefined;
}

/** What to look into, and where. */
export interface ListingRequest extends HubContext {
  /** Undefined where a mirror does not tell it; nothing is kept then. */
  readonly commit: string | undefined;
  readonly directory: string;
  readonly pageSize?: number | undefined;
}

/** Listings kept at once; a delivery needs one. */
const capacity = 16;

/** Tree listings, kept by commit: a commit never changes, so that each is asked for once. */
export class Listings {
  readonly #session: HubSession;
  readonly #kept = new Map<string, Listing>();

  constructor(session: HubSession) {
    this.#session = session;
  }

  /** Every file below a directory, in key order; undefined when there is no such directory. */
  async below(request: ListingRequest): Promise<readonly HubFile[] | undefined> {
    const covering = this.#covering(request, true);
    if (covering === undefined) return this.#read(request, true);
    if (covering.directory === request.directory) return covering.files;
    return covering.files?.filter(({ path }) => path.startsWith(`${request.directory}/`));
  }

  /** One file; undefined when there is none of that name. */
  async find(request: Omit<ListingRequest, "directory">, path: string): Promise<HubFile | undefined> {
    const directory = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
    const where = { ...request, directory };
    const covering = this.#covering(where, false);
    const files = covering === undefined ? await this.#read(where, false) : covering.files;
    return files?.find((file) => file.path === path);
  }

  async #read(request: ListingRequest, recursive: boolean): Promise<readonly HubFile[] | undefined> {
    const { commit, directory, uri } = request;
    const files = await readTree(this.#session, { ...request, revision: commit ?? uri.revision, recursive });
    if (commit !== undefined) {
      this.#kept.set(keyOf(request, commit, directory, recursive), { directory, recursive, files });
      const oldest = this.#kept.keys().next();
      if (this.#kept.size > capacity && oldest.done !== true) this.#kept.delete(oldest.value);
    }
    return files;
  }

  /** A kept listing that has everything of this directory. */
  #covering(request: ListingRequest, recursive: boolean): Listing | undefined {
    const { commit, directory } = request;
    if (commit === undefined) return undefined;
    const own = recursive ? undefined : this.#kept.get(keyOf(request, commit, directory, false));
    if (own !== undefined) return own;
    for (let above = directory; ; above = above.slice(0, Math.max(0, above.lastIndexOf("/")))) {
      const found = this.#kept.get(keyOf(request, commit, above, true));
      if (found !== undefined || above === "") return found;
    }
  }
}

function keyOf({ uri }: HubContext, commit: string, directory: string, recursive: boolean): string {
  return JSON.stringify([uri.repositoryType, uri.repository, commit, directory, recursive]);
}
