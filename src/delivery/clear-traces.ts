import { dirname } from "node:path";
import { type FileSystem, isMissing } from "../store/file-system.ts";
import { layoutOf } from "../store/layout.ts";
import { acquireLease } from "../store/lease.ts";
import { readPublicationList, removePublicationList } from "../store/publication-list.ts";
import { removeStaging, stagedBytes } from "../store/staging.ts";

/** Less than this, journal included, is fetched again sooner than it is looked after. */
const worthKeeping = 64 * 1024;

/** Removes what a failed delivery made and nothing needs: staging that holds next to nothing, an empty list of publications. */
export async function clearEmpty(destination: string, fileSystem: FileSystem): Promise<void> {
  if ((await stagedBytes(destination, fileSystem)) < worthKeeping) await removeStaging(destination, fileSystem);
  if ((await readPublicationList(destination, fileSystem)).size === 0) {
    await removePublicationList(destination, fileSystem);
  }
}

/** Removes empty directories from the destination upwards, down from the one that was there before. */
export async function clearUpTo(destination: string, existing: string, fileSystem: FileSystem): Promise<void> {
  for (let place = destination; place !== existing && place !== dirname(place); place = dirname(place)) {
    const removed = await fileSystem.rmdir(place).then(
      () => true,
      () => false,
    );
    if (!removed) return;
  }
}

/** Clears away what a delivery that was killed after its proof left; someone else's work is left alone. */
export async function clearAfterProof(destination: string, fileSystem: FileSystem): Promise<void> {
  try {
    const { metadata, removal } = layoutOf(destination);
    if ((await fileSystem.readdir(metadata)).length === 1) return;
    const lease = await acquireLease({ directory: destination, purpose: "clean-up", fileSystem });
    try {
      await removeStaging(destination, fileSystem);
      await fileSystem.rm(removal, { force: true });
    } finally {
      await lease.release();
    }
  } catch {
    // Nobody may, or somebody is at work: the model is proven all the same.
  }
}

/** The path itself or its nearest parent that exists. */
export async function nearestExisting(path: string, fileSystem: FileSystem): Promise<string> {
  for (let place = path; ; place = dirname(place)) {
    try {
      await fileSystem.lstat(place);
      return place;
    } catch (error) {
      if (!isMissing(error) || place === dirname(place)) return place;
    }
  }
}
