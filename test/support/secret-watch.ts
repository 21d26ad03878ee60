import assert from "node:assert/strict";
import { after } from "node:test";
import { inspect } from "node:util";
import { isStorageError, type StorageError } from "../../src/errors.ts";
import type { LogFields, Logger } from "../../src/telemetry/logger.ts";

/** Every secret of the tests carries this word, so that a leak is seen whatever it is a secret of. */
export const secretMark = "TOPSECRET";

export interface SecretWatch {
  /** Keeps everything logged, at debug level too. */
  readonly logger: Logger;
  /** Messages logged so far, with their level. */
  readonly messages: string[];
  /** The error that a promise rejects with, which must be a {@link StorageError}; kept for the check. */
  rejection(promise: Promise<unknown> | (() => unknown)): Promise<StorageError>;
  /** A secret that cannot carry the mark, such as a token that a service makes; gives it back. */
  secret(value: string): string;
}

/**
 * Watches what a test file logs and throws. When its tests have ended, no line and no error, its causes and fields
 * included, may show a secret.
 */
export function watchSecrets(): SecretWatch {
  const written: string[] = [];
  const messages: string[] = [];
  const secrets = [secretMark];
  const loggerWith = (bound: LogFields): Logger => {
    const at = (level: string) => (fields: LogFields, message: string) => {
      messages.push(`${level} ${message}`);
      written.push(`${level} ${message} ${inspect({ ...bound, ...fields }, { depth: 20 })}`);
    };
    return {
      debug: at("debug"),
      info: at("info"),
      warn: at("warn"),
      error: at("error"),
      child: (fields) => loggerWith({ ...bound, ...fields }),
    };
  };
  after(() => {
    assert.ok(written.length > 0, "nothing was watched");
    for (const text of written) {
      assert.ok(!secrets.some((secret) => text.includes(secret)), `a secret was shown: ${text}`);
    }
  });
  return {
    logger: loggerWith({}),
    messages,
    rejection: async (work) => {
      try {
        await (typeof work === "function" ? work() : work);
      } catch (error) {
        written.push(inspect(error, { depth: 20, showHidden: true }));
        assert.ok(isStorageError(error), `not a StorageError: ${inspect(error)}`);
        written.push(error.message, JSON.stringify(error.fields()));
        return error;
      }
      return assert.fail("it should have been refused");
    },
    secret: (value) => {
      secrets.push(value);
      return value;
    },
  };
}
