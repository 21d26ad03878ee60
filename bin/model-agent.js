#!/usr/bin/env node
// Old syntax on purpose: an old Node must be able to read this file as far as the sentence that it prints.
var version = process.versions.node.split(".").map(Number);

if (version[0] > 22 || (version[0] === 22 && version[1] >= 19)) {
  import("./start.js");
} else {
  process.stderr.write(
    "model-agent needs Node 22.19 or newer, and this is v" +
      process.versions.node +
      ": install a newer Node, for example from https://nodejs.org.\n",
  );
  process.exitCode = 2;
}
