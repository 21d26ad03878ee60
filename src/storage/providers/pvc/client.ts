import { UnreadableStorage } from "../../unreadable-storage.ts";

/** A volume claim is mounted by the pods that serve the model; the agent neither mounts nor reads it. */
export const createPvcStorage = () =>
  new UnreadableStorage({
    provider: "pvc",
    detail: "a persistent volume claim is mounted by the serving pods and cannot be read from here",
    hint: "Nothing has to be downloaded: let the serving runtime mount the claim, or name a bucket to copy the model from.",
    listsNothing: false,
  });
