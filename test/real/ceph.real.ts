import { ceph } from "./servers/ceph.ts";
import { runRealSuite } from "./suite/real-suite.ts";

await runRealSuite(ceph);
