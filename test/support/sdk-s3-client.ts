import { S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";

/** The official SDK as a client of a test server: nothing comes from the environment, one attempt. */
export function sdkS3Client(url: string, config: S3ClientConfig = {}): S3Client {
  return new S3Client({
    endpoint: url,
    region: "us-east-1",
    forcePathStyle: true,
    maxAttempts: 1,
    // A copy: the SDK writes into the object that it is given.
    credentials: { ...testKeys },
    ...config,
  });
}

/** The key pair that tests give to their servers. */
export const testKeys = { accessKeyId: "AKIATESTTESTTESTTEST", secretAccessKey: "test/secret+with/odd=characters" };
