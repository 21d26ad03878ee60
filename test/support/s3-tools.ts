import { testKeys } from "./sdk-s3-client.ts";

/** Where a tool finds a test server, and as whom. */
export interface S3ToolTarget {
  readonly url: string;
  readonly region?: string | undefined;
  readonly accessKeyId?: string | undefined;
  readonly secretAccessKey?: string | undefined;
  /** False for a server that is asked for encoded keys and gives them as they are. */
  readonly encodesListings?: boolean | undefined;
}

/** Environment for the `aws` command; no file of the user is read. */
export function awsEnvironment(target: S3ToolTarget): Record<string, string> {
  return {
    AWS_ACCESS_KEY_ID: target.accessKeyId ?? testKeys.accessKeyId,
    AWS_SECRET_ACCESS_KEY: target.secretAccessKey ?? testKeys.secretAccessKey,
    AWS_DEFAULT_REGION: target.region ?? "us-east-1",
    AWS_ENDPOINT_URL_S3: target.url,
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_MAX_ATTEMPTS: "1",
    AWS_PAGER: "",
  };
}

/** Environment that defines the rclone remote `s3test:`; no configuration file is read. */
export function rcloneEnvironment(target: S3ToolTarget): Record<string, string> {
  return {
    RCLONE_CONFIG: "/dev/null",
    RCLONE_CONFIG_S3TEST_TYPE: "s3",
    RCLONE_CONFIG_S3TEST_PROVIDER: "Other",
    RCLONE_CONFIG_S3TEST_ENDPOINT: target.url,
    RCLONE_CONFIG_S3TEST_REGION: target.region ?? "us-east-1",
    RCLONE_CONFIG_S3TEST_ACCESS_KEY_ID: target.accessKeyId ?? testKeys.accessKeyId,
    RCLONE_CONFIG_S3TEST_SECRET_ACCESS_KEY: target.secretAccessKey ?? testKeys.secretAccessKey,
    RCLONE_CONFIG_S3TEST_FORCE_PATH_STYLE: "true",
    RCLONE_CONFIG_S3TEST_LIST_URL_ENCODE: String(target.encodesListings ?? true),
    // Keys of the tests are exact: no replacement characters for what local file systems cannot hold.
    RCLONE_CONFIG_S3TEST_ENCODING: "None",
    RCLONE_RETRIES: "1",
    RCLONE_LOW_LEVEL_RETRIES: "1",
  };
}
