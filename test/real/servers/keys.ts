/** The key pair of a test server, as short as the strictest of them allows. */
export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export const realServerKeys: Keys = { accessKeyId: "modelagenttest", secretAccessKey: "modelagenttestsecret" };
