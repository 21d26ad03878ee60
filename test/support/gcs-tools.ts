/** Environment that defines the rclone remote `gcstest:`; no configuration file is read. */
export function rcloneGcsEnvironment(url: string): Record<string, string> {
  return {
    RCLONE_CONFIG: "/dev/null",
    RCLONE_CONFIG_GCSTEST_TYPE: "google cloud storage",
    RCLONE_CONFIG_GCSTEST_ANONYMOUS: "true",
    RCLONE_CONFIG_GCSTEST_ENDPOINT: `${url}/storage/v1/`,
    RCLONE_CONFIG_GCSTEST_BUCKET_POLICY_ONLY: "true",
    RCLONE_CONFIG_GCSTEST_NO_CHECK_BUCKET: "true",
    RCLONE_GCS_NO_CHECK_BUCKET: "true",
    STORAGE_EMULATOR_HOST: url,
    // Keys of the tests are exact: no replacement characters for what local file systems cannot hold.
    RCLONE_CONFIG_GCSTEST_ENCODING: "None",
    RCLONE_RETRIES: "1",
    RCLONE_LOW_LEVEL_RETRIES: "1",
  };
}
