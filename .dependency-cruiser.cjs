/** Who may import whom. The table mirrors docs/architecture.md; a violation fails the gate. */
const base = ["errors\\.ts", "uri", "telemetry"];
const rooms = {
  uri: [...base],
  telemetry: [...base],
  network: [...base],
  auth: [...base, "network"],
  storage: [...base, "network", "auth"],
  transfer: [...base, "network"],
  store: ["errors\\.ts", "telemetry"],
  models: ["errors\\.ts", "uri"],
  routing: [...base],
  kubernetes: ["errors\\.ts", "telemetry", "network"],
  delivery: [...base, "network", "storage", "models", "routing", "transfer", "store"],
  agent: [...base, "network", "delivery", "kubernetes", "storage", "models", "store", "transfer", "routing", "auth"],
  cli: [...base, "network", "delivery", "storage", "models", "store", "transfer", "agent/index\\.ts"],
};
/** Files of a room that hold nothing but types, for the rooms that may know another room's types only. */
const typesOf = {
  storage: ["storage/storage\\.ts", "storage/digest\\.ts", "storage/read-source\\.ts"],
  transfer: ["transfer/transfer-types\\.ts"],
};
const typeOnly = {
  transfer: typesOf.storage,
  store: typesOf.transfer,
  routing: [...typesOf.storage, ...typesOf.transfer],
};

module.exports = {
  forbidden: [
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    { name: "errors-stand-alone", severity: "error", from: { path: "^src/errors\\.ts$" }, to: { path: "^src/" } },
    {
      name: "providers-never-import-each-other",
      severity: "error",
      from: { path: "^src/storage/providers/([^/]+)/" },
      to: { path: "^src/storage/providers/([^/]+)/", pathNot: "^src/storage/providers/$1/" },
    },
    {
      name: "src-never-imports-tests",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/testing/" },
      to: { path: "^(test|bench|examples)/" },
    },
    {
      name: "no-undeclared-packages",
      severity: "error",
      from: { path: "^src/" },
      to: { dependencyTypes: ["npm-no-pkg", "npm-unknown", "npm-dev"], pathNot: "node_modules/@types" },
    },
    ...Object.entries(rooms).flatMap(([room, allowed]) => {
      const all = [room, ...allowed, ...(typeOnly[room] ?? [])].join("|");
      return [
        {
          name: `${room}-imports`,
          severity: "error",
          from: { path: `^src/${room}/` },
          to: { path: "^src/", pathNot: `^src/(${all})(/|$)` },
        },
      ];
    }),
  ],
  options: {
    parser: "swc",
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    // The parser does not know `await using`, which these tests clean up with; no rule is about them.
    exclude: { path: "^(dist|test/faults|test/testing/fault-server)/" },
  },
};
