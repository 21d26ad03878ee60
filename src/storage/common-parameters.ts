import { z } from "zod";
import type { NetworkOverrides } from "../network/network-from-environment.ts";
import { globList, text } from "./parameter-types.ts";

/**
 * Parameters that every provider takes, because they concern what lies around it: the way to the network, which files of
 * a model are wanted, and where in the Secret the token stands. Everything else, `auth` and `token` included, is the
 * provider's own.
 */
export const commonParameters = z.strictObject({
  /** PEM text, or the path of a PEM file, of authorities to trust besides Node's; stands above the environment. */
  caBundle: z.string().optional(),
  httpsProxy: z.string().optional(),
  httpProxy: z.string().optional(),
  noProxy: z.string().optional(),
  /** Globs of the files wanted; all when absent. Used by delivery, not by storage. */
  include: globList().optional(),
  /** Globs of the files not wanted; stands above `include`. */
  exclude: globList().optional(),
  /** Preset for weights in several formats: `auto` takes one of them, `all` (the default) takes every file. */
  weights: z.enum(["auto", "all"]).optional(),
  /** Name of the Secret's entry that holds the token, when it is not `token`. */
  secretKey: text().optional(),
});

/** The common parameters of one storage, validated. */
export type CommonParameters = z.output<typeof commonParameters>;

/** The network settings among the parameters; undefined when there are none. */
export function networkOverrides(common: CommonParameters): NetworkOverrides | undefined {
  const { caBundle, httpsProxy, httpProxy, noProxy } = common;
  const given = [caBundle, httpsProxy, httpProxy, noProxy].some((value) => value !== undefined);
  return given ? { caBundle, httpsProxy, httpProxy, noProxy } : undefined;
}
