import { UnreadableStorage } from "../../unreadable-storage.ts";

/** A vendor's model is served by the vendor: its listing is empty, and that is right. */
export const createVendorStorage = () =>
  new UnreadableStorage({
    provider: "vendor",
    detail: "a vendor's model has no files to read",
    hint: "Nothing has to be downloaded for vendor:// models.",
    listsNothing: true,
  });
