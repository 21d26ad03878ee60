import type { ModelIdentity, ModelKey } from "../model-identity.ts";
import type { ModelStatus } from "./model-status.ts";

/**
 * Tells somebody how models stand. Calls return at once and do not throw; calls for one model come in the order of events,
 * and nothing comes for a model after it was withdrawn until it is wished for again.
 */
export interface StatusPublisher {
  publish(status: ModelStatus): void;
  /** The model is gone from this machine. */
  withdraw(key: ModelKey, identity: ModelIdentity): void;
  /** Delivers what is still pending. */
  close(): Promise<void>;
}

/** One publisher that tells all of these, in their order. */
export function allPublishers(publishers: readonly StatusPublisher[]): StatusPublisher {
  return {
    publish: (status) => {
      for (const publisher of publishers) publisher.publish(status);
    },
    withdraw: (key, identity) => {
      for (const publisher of publishers) publisher.withdraw(key, identity);
    },
    close: async () => {
      await Promise.all(publishers.map((publisher) => publisher.close()));
    },
  };
}
