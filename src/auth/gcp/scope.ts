/** What access tokens are asked for; what they may do is decided by IAM. */
export const cloudScope = "https://www.googleapis.com/auth/cloud-platform";
