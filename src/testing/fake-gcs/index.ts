export type { WebAnswer } from "../loopback/web-answer.ts";
export { type FakeGcs, startFakeGcs } from "./fake-gcs.ts";
export type {
  FakeGcsBucketOptions,
  FakeGcsOptions,
  FakeGcsRequest,
  FakeGcsSeedOptions,
  FakeGcsToken,
} from "./fake-gcs-options.ts";
