/**
 * Delivers `local://SOURCE` to DESTINATION and kills itself before its STEP-th change of the disk (0: never). Prints the
 * number of changes when it ends by itself.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const [source = "", destination = "", stepText = "0"] = process.argv.slice(2);
const crashAt = Number(stepText);
let steps = 0;

function step(): void {
  steps += 1;
  if (steps === crashAt) process.kill(process.pid, "SIGKILL");
}

const { promises } = fs;
for (const name of ["rename", "unlink", "rm", "rmdir", "link", "mkdir"] as const) {
  const original = promises[name] as (...args: unknown[]) => Promise<unknown>;
  Object.assign(promises, {
    [name]: (...args: unknown[]) => {
      step();
      return original(...args);
    },
  });
}
const { renameSync } = fs;
fs.renameSync = (from, to) => {
  step();
  renameSync(from, to);
};
const { open } = promises;
promises.open = async (...args) => {
  const handle = await open(...args);
  for (const name of ["sync", "appendFile", "writeFile", "chmod"] as const) {
    const original = handle[name].bind(handle) as (...given: unknown[]) => Promise<unknown>;
    Object.assign(handle, {
      [name]: (...given: unknown[]) => {
        step();
        return original(...given);
      },
    });
  }
  return handle;
};
syncBuiltinESMExports();

const { deliver } = await import("../../src/delivery/deliver.ts");
await deliver({ source: { storageUri: `local://${source}`, env: {} }, destination, lanes: 1 });
console.log(steps);
