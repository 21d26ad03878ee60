import type { Command } from "commander";
import type { Session } from "../session.ts";

/** Runs the body of a command in a session made from the options of `self` and its parents. */
export type RunCommand = (self: Command, body: (session: Session) => Promise<void>) => Promise<void>;

/**
 * Adds one command to the program. Command files load the rooms that they drive when they run, not when they are added: so help
 * and mistakes are answered in a fraction of a second.
 */
export type AddCommand = (program: Command, run: RunCommand) => void;
