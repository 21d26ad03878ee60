export { type FakeS3, startFakeS3 } from "./fake-s3.ts";
export type {
  FakeS3Answer,
  FakeS3BucketOptions,
  FakeS3Credential,
  FakeS3Options,
  FakeS3Quirks,
  FakeS3Request,
  SeedOptions,
} from "./fake-s3-options.ts";
export { S3Failure } from "./s3-failure.ts";
