import { versitygw } from "./servers/versitygw.ts";
import { runRealSuite } from "./suite/real-suite.ts";

await runRealSuite(versitygw);
