import type { FakeHubToken } from "./fake-hub-options.ts";
import { HubRefusal } from "./hub-refusal.ts";
import type { FakeRepository } from "./repository.ts";

/** Who asks: a known token, or nobody. Throws for a token that is none. */
export function authenticate(
  authorization: string | undefined,
  tokens: ReadonlyMap<string, FakeHubToken>,
): FakeHubToken | undefined {
  if (authorization === undefined) return undefined;
  const token = tokens.get(/^Bearer (.+)$/.exec(authorization)?.[1] ?? "");
  if (token === undefined) throw new HubRefusal(401, undefined, "Invalid credentials in Authorization header");
  return token;
}

/** The repository, when the asker may see it. What is private does not exist for others. */
export function visible(repository: FakeRepository | undefined, asker: FakeHubToken | undefined): FakeRepository {
  const hidden = repository?.options.private === true && !isGranted(repository, asker);
  if (repository === undefined || hidden) {
    throw asker === undefined
      ? new HubRefusal(401, "RepoNotFound", "Invalid username or password.")
      : new HubRefusal(404, "RepoNotFound", "Repository not found");
  }
  if (repository.options.disabled === true) {
    throw new HubRefusal(403, undefined, "Access to this resource is disabled.");
  }
  return repository;
}

/** Refuses who may not read the files of a gated repository. */
export function requireGrant(repository: FakeRepository, asker: FakeHubToken | undefined): void {
  const { gated, name } = repository.options;
  if (gated === undefined || gated === false || isGranted(repository, asker)) return;
  throw asker === undefined
    ? new HubRefusal(
        401,
        "GatedRepo",
        `Access to model ${name} is restricted. You must have access to it and be authenticated to access it. Please log in.`,
      )
    : new HubRefusal(
        403,
        "GatedRepo",
        `Access to model ${name} is restricted and you are not in the authorized list. Visit https://huggingface.co/${name} to ask for access.`,
      );
}

function isGranted(repository: FakeRepository, asker: FakeHubToken | undefined): boolean {
  return asker?.grants?.includes(repository.options.name) ?? false;
}
